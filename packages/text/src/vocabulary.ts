/**
 * Symbols and their numbers, as fairseq's Dictionary has them: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3, then the symbols
 * of a corpus, the most frequent first. Reads and writes fairseq's dict.txt.
 */
import { createHash } from 'node:crypto';
import { checkCount, shown, TextError } from './errors.js';
import { parseLines, readTextFile } from './text-file.js';

/** A symbol and how often it was counted. */
export type CountedSymbol = readonly [symbol: string, count: number];

/** Which symbols of a count become a vocabulary. */
export interface VocabularyOptions {
  /** Rarer symbols become unknown. */
  readonly threshold?: number;
  /** At most so many symbols, the four special ones included, the padding not. */
  readonly size?: number;
  /** Symbols that no text has are added until the size is a multiple (fairseq-preprocess: 8). */
  readonly multipleOf?: number;
}

const special: readonly string[] = ['<s>', '<pad>', '</s>', '<unk>'];

/** A fixed numbering of symbols. */
export class Vocabulary {
  readonly bos = 0;
  readonly pad = 1;
  readonly eos = 2;
  readonly unknown = 3;
  /** Symbol i at place i, the special ones first. */
  readonly symbols: readonly string[];
  /** As counted; 0 for the special symbols. */
  readonly counts: readonly number[];
  readonly #ids: ReadonlyMap<string, number>;

  /**
   * Of the symbols after the four special ones, in their order. Throws `INVALID_ARGUMENT` for a symbol that is there
   * twice, is special, is empty or has white space at which lines are cut.
   */
  constructor(counted: readonly CountedSymbol[]) {
    this.symbols = [...special, ...counted.map(([symbol]) => symbol)];
    this.counts = [...special.map(() => 0), ...counted.map(([, count]) => count)];
    const ids = new Map<string, number>();
    this.symbols.forEach((symbol, id) => {
      if (ids.has(symbol) || !/^[^ \r\n]+$/.test(symbol)) throw badSymbol(symbol, ids.has(symbol));
      ids.set(symbol, id);
    });
    this.#ids = ids;
  }

  /**
   * The most frequent symbols of a count; equally frequent ones in the order of their code points, as in fairseq.
   * @example Vocabulary.ofCounts(countSymbols(sentences), { threshold: 2, multipleOf: 8 })
   */
  static ofCounts(counts: ReadonlyMap<string, number>, options: VocabularyOptions = {}): Vocabulary {
    const { threshold = 1, size = Number.MAX_SAFE_INTEGER, multipleOf = 1 } = options;
    checkCount('Vocabulary.ofCounts', 'threshold', threshold);
    checkCount('Vocabulary.ofCounts', 'size', size, special.length + 1);
    checkCount('Vocabulary.ofCounts', 'multipleOf', multipleOf, 1);
    const counted = [...counts]
      .filter(([symbol, count]) => count >= threshold && !special.includes(symbol))
      .map(([symbol, count]) => ({ symbol, count, bytes: Buffer.from(symbol) })) // UTF-8 sorts as code points do
      .sort((a, b) => b.count - a.count || Buffer.compare(a.bytes, b.bytes))
      .slice(0, size - special.length)
      .map(({ symbol, count }): CountedSymbol => [symbol, count]);
    const missing = (multipleOf - ((special.length + counted.length) % multipleOf)) % multipleOf;
    return new Vocabulary([...counted, ...padding(missing)]);
  }

  get size(): number {
    return this.symbols.length;
  }

  /** Whether the symbol has a number of its own. */
  has(symbol: string): boolean {
    return this.#ids.has(symbol);
  }

  /** A symbol's number; that of `<unk>` for one that is not in the vocabulary. */
  id(symbol: string): number {
    return this.#ids.get(symbol) ?? this.unknown;
  }

  /** The numbers of a sentence's symbols, `</s>` after them unless told otherwise. */
  encode(symbols: readonly string[], { eos = true }: { readonly eos?: boolean } = {}): number[] {
    const ids = symbols.map((symbol) => this.id(symbol));
    if (eos) ids.push(this.eos);
    return ids;
  }

  /** As `encode`, but throws `UNKNOWN_SYMBOL` where a symbol would become `<unk>`; `what` begins the sentence's object. */
  encodeKnown(symbols: readonly string[], what = 'the sentence'): number[] {
    const unknown = symbols.filter((symbol) => !this.has(symbol) || symbol === special[this.unknown]);
    if (unknown.length === 0) return this.encode(symbols);
    const named = [...new Set(unknown)].slice(0, 5).map(shown).join(', ');
    throw new TextError(
      'UNKNOWN_SYMBOL',
      `Expected ${what} to consist of the ${this.size} symbols of this vocabulary; it has none for ${named}. Use characters that the training text had.`,
    );
  }

  /** The symbols of numbers, up to the first `</s>`; `<s>` and `<pad>` are left out. Throws `INVALID_ARGUMENT`. */
  decode(ids: readonly number[]): string[] {
    const end = ids.indexOf(this.eos);
    const upTo = end < 0 ? ids : ids.slice(0, end);
    return upTo.filter((id) => id !== this.bos && id !== this.pad).map((id) => this.#symbol(id));
  }

  /** SHA-256 (hex) of the symbols in their order, by which a model knows its vocabulary. */
  hash(): string {
    return createHash('sha256').update(this.symbols.join('\n')).digest('hex');
  }

  #symbol(id: number): string {
    const symbol = this.symbols[id];
    if (symbol !== undefined) return symbol;
    throw new TextError(
      'INVALID_ARGUMENT',
      `Vocabulary.decode: expected numbers from 0 to ${this.size - 1}, received ${id}.`,
    );
  }
}

/** How often each symbol occurs in sentences of symbols between spaces. */
export function countSymbols(sentences: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sentence of sentences) {
    for (const symbol of sentence.split(/[ \r\n]+/)) {
      if (symbol !== '') counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    }
  }
  return counts;
}

/**
 * The vocabulary that a dict.txt holds: a symbol, a space and its count a line, the special symbols left out. Throws
 * `INVALID_FILE` with the line at fault.
 */
export function parseVocabulary(text: string | Uint8Array, name = 'the dictionary'): Vocabulary {
  const lines = parseLines(text, name);
  const seen = new Set(special);
  const counted = lines.map((line, i) => {
    const [, symbol, count] = /^([^ ]+) ([0-9]{1,15})(?: #fairseq:overwrite)?$/.exec(line) ?? [];
    const where = `line ${i + 1} of ${name}`;
    if (symbol === undefined || count === undefined) {
      throw new TextError('INVALID_FILE', `Expected ${where} to be a symbol and its count, found ${shown(line)}.`);
    }
    if (seen.has(symbol)) {
      throw new TextError('INVALID_FILE', `Expected ${where} to be a new symbol; ${shown(symbol)} is there already.`);
    }
    seen.add(symbol);
    return [symbol, Number(count)] as const;
  });
  if (counted.length === 0) throw new TextError('INVALID_FILE', `Expected ${name} to hold symbols; it has none.`);
  return new Vocabulary(counted);
}

/** Reads a dict.txt, at most 256 MiB. Throws `INVALID_FILE`. */
export function readVocabulary(path: string): Vocabulary {
  return parseVocabulary(readTextFile(path, { maxBytes: 2 ** 28 }), path);
}

/** The text of a dict.txt; reading it gives the same vocabulary. */
export function formatVocabulary({ symbols, counts }: Vocabulary): string {
  return symbols
    .slice(special.length)
    .map((symbol, i) => `${symbol} ${counts[i + special.length]}\n`)
    .join('');
}

const padding = (length: number): CountedSymbol[] =>
  Array.from({ length }, (_, i) => [`madeupword${String(i).padStart(4, '0')}`, 0]);

function badSymbol(symbol: string, isTwice: boolean): TextError {
  const fault = isTwice ? 'is there twice, or is a special one' : 'is empty or has a space in it';
  return new TextError(
    'INVALID_ARGUMENT',
    `Vocabulary: expected different symbols without spaces; ${shown(symbol)} ${fault}.`,
  );
}
