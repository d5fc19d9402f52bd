/** Words cut into the symbols of learned merges, and put together again; the output equals subword-nmt's. */
import { TextError } from '../errors.js';
import { endOfWord, type Merges } from './merges.js';

/** How pieces are marked, and which a model knows. */
export interface BpeEncoderOptions {
  /** Marks every piece of a word but its last. */
  readonly separator?: string;
  /**
   * Pieces as they stand in text (`lo@@`, `w`). A piece that is not among them is cut again the way it was merged, so that
   * fewer unknown symbols reach a model (subword-nmt's `--vocabulary`).
   */
  readonly vocabulary?: ReadonlySet<string>;
}

/**
 * Encodes tokenized sentences by merges; words are remembered.
 * @example new BpeEncoder(readMerges('bpe.codes')).encode('ein hellblauer hund') // 'ein hell@@ blauer hund'
 */
export class BpeEncoder {
  readonly merges: Merges;
  readonly separator: string;
  readonly #vocabulary: ReadonlySet<string> | undefined;
  readonly #ranks = new Map<string, number>();
  readonly #parts = new Map<string, readonly [string, string]>();
  readonly #known = new Map<string, readonly string[]>();

  /** Throws `INVALID_ARGUMENT` for a separator that is empty or has a space in it. */
  constructor(merges: Merges, { separator = '@@', vocabulary }: BpeEncoderOptions = {}) {
    checkSeparator('BpeEncoder', separator);
    this.merges = merges;
    this.separator = separator;
    this.#vocabulary = vocabulary;
    merges.pairs.forEach(([left, right], rank) => {
      const pair = `${left} ${right}`;
      if (this.#ranks.has(pair)) return;
      this.#ranks.set(pair, rank);
      if (!this.#parts.has(left + right)) this.#parts.set(left + right, [left, right]);
    });
  }

  /** A sentence of words between spaces, each as its pieces; spaces at the ends and double spaces go. */
  encode(sentence: string): string {
    return this.encodeTokens(sentence.split(/[ \r\n]+/)).join(' ');
  }

  /** The pieces of words, in text's form; empty words go. */
  encodeTokens(words: readonly string[]): string[] {
    return words.flatMap((word) => (word === '' ? [] : this.#pieces(word)));
  }

  #pieces(word: string): readonly string[] {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const pieces = this.#inVocabulary(this.#merged(word));
    const last = pieces.length - 1;
    const marked = pieces.map((piece, i) => (i < last ? piece + this.separator : piece));
    // A bound on memory for a service that meets ever new words.
    if (this.#known.size >= 500_000) this.#known.clear();
    this.#known.set(word, marked);
    return marked;
  }

  #merged(word: string): string[] {
    let symbols = [...word];
    if (symbols.length === 1) return symbols;
    if (this.merges.version === '0.1') symbols.push(endOfWord);
    else symbols.push(symbols.pop()! + endOfWord);
    for (let pair = this.#firstPair(symbols); pair !== undefined; pair = this.#firstPair(symbols)) {
      symbols = joinPair(symbols, pair);
    }
    return withoutEnd(symbols);
  }

  /** The pair among the symbols that was learned first. */
  #firstPair(symbols: readonly string[]): readonly [string, string] | undefined {
    let first: readonly [string, string] | undefined;
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = this.#ranks.get(`${symbols[i]} ${symbols[i + 1]}`) ?? Number.POSITIVE_INFINITY;
      if (rank >= best) continue;
      best = rank;
      first = [symbols[i]!, symbols[i + 1]!];
    }
    return first;
  }

  #inVocabulary(pieces: readonly string[]): readonly string[] {
    if (this.#vocabulary === undefined || pieces.length === 0) return pieces;
    const last = pieces.length - 1;
    return pieces.flatMap((piece, i) => this.#unmerged(piece, i === last));
  }

  /** A piece if the vocabulary has it or it cannot be cut; otherwise the pieces it was merged of. */
  #unmerged(piece: string, isFinal: boolean): string[] {
    if (this.#vocabulary!.has(isFinal ? piece : piece + this.separator)) return [piece];
    const parts = this.#parts.get(isFinal ? piece + endOfWord : piece);
    if (parts === undefined) return [piece];
    const right = isFinal ? parts[1].slice(0, -endOfWord.length) : parts[1];
    // In version 0.1 the end of the word may be a part of its own: then there is nothing to cut off.
    if (right === '') return this.#unmergedLeft(parts[0]);
    return [...this.#unmerged(parts[0], false), ...this.#unmerged(right, isFinal)];
  }

  #unmergedLeft(piece: string): string[] {
    const parts = this.#parts.get(piece);
    return parts === undefined ? [piece] : [...this.#unmerged(parts[0], false), ...this.#unmergedLeft(parts[1])];
  }
}

/**
 * Text with its words whole again. A word that itself ends in the separator is glued to the next, as in subword-nmt.
 * @example decodeBpe('ein hell@@ blauer hund') // 'ein hellblauer hund'
 */
export function decodeBpe(text: string, { separator = '@@' }: { readonly separator?: string } = {}): string {
  checkSeparator('decodeBpe', separator);
  const joined = `${text} `.replaceAll(`${separator} `, '');
  return joined.endsWith(' ') ? joined.slice(0, -1) : joined;
}

function joinPair(symbols: readonly string[], [left, right]: readonly [string, string]): string[] {
  const result: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const isPair = symbols[i] === left && symbols[i + 1] === right;
    result.push(isPair ? left + right : symbols[i]!);
    if (isPair) i++;
  }
  return result;
}

function withoutEnd(symbols: readonly string[]): string[] {
  const last = symbols.at(-1)!;
  if (last === endOfWord) return symbols.slice(0, -1);
  return last.endsWith(endOfWord) ? [...symbols.slice(0, -1), last.slice(0, -endOfWord.length)] : [...symbols];
}

function checkSeparator(caller: string, separator: string): void {
  if (/^[^ \r\n]+$/.test(separator)) return;
  throw new TextError(
    'INVALID_ARGUMENT',
    `${caller}: expected a separator of characters that are no spaces, received ${JSON.stringify(separator)}.`,
  );
}
