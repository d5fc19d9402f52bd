/**
 * Byte-pair encoding learned from text (Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword
 * Units", ACL 2016): the most frequent pair of symbols becomes a symbol, again and again. Merges equal subword-nmt's.
 */
import { checkCount, TextError } from '../errors.js';
import { endOfWord, type Merge, type Merges } from './merges.js';
import { type CountedWord, PairCounts, pairSymbols, SymbolTable } from './pair-counts.js';

/** How much to learn. */
export interface LearnMergesOptions {
  /** How many merges to learn; fewer come of a text in which no pair occurs often enough. */
  readonly merges: number;
  /** A pair must occur so often to be merged. */
  readonly minFrequency?: number;
}

/**
 * Learns merges from tokenized sentences, words between spaces. For joint merges of two languages give the sentences of
 * both, one after the other. Throws `INVALID_ARGUMENT` for a text without a pair of characters.
 * @example learnMerges(['low lower lowest'], { merges: 2 }).pairs // [['l', 'o'], ['lo', 'w']]
 */
export function learnMerges(sentences: Iterable<string>, { merges, minFrequency = 2 }: LearnMergesOptions): Merges {
  checkCount('learnMerges', 'merges', merges, 1);
  checkCount('learnMerges', 'minFrequency', minFrequency, 1);
  const symbols = new SymbolTable();
  const words = countedWords(sentences, symbols);
  if (!words.some((word) => word.symbols.length > 1)) {
    throw new TextError(
      'INVALID_ARGUMENT',
      'learnMerges: expected sentences with words of two characters, found none.',
    );
  }
  const counts = new PairCounts(words, symbols);
  const pairs: Merge[] = [];
  for (let step = 0; step < merges; step++) {
    const best = counts.mostFrequent(step);
    if (best === undefined || best.count < minFrequency) break;
    pairs.push(mergePair(best.key, words, counts, symbols));
    counts.merged(best.key, step);
  }
  return { version: '0.2', pairs };
}

/** Merges a pair in every word in which it occurs. */
function mergePair(key: number, words: CountedWord[], counts: PairCounts, symbols: SymbolTable): Merge {
  const [left, right] = pairSymbols(key);
  const texts: Merge = [symbols.texts[left]!, symbols.texts[right]!];
  const pair = { left, right, whole: symbols.id(texts[0] + texts[1]) };
  const affected = counts.wordsWith(key);
  counts.forget(key);
  for (const index of affected) {
    const before = words[index]!;
    const after = joined(before.symbols, pair);
    words[index] = { symbols: after, count: before.count };
    counts.update(pair, index, before, after);
  }
  return texts;
}

function joined(symbols: readonly number[], pair: { left: number; right: number; whole: number }): number[] {
  const result: number[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const isPair = symbols[i] === pair.left && symbols[i + 1] === pair.right;
    result.push(isPair ? pair.whole : symbols[i]!);
    if (isPair) i++;
  }
  return result;
}

/** Every different word as its characters, the last with the end of the word. */
function countedWords(sentences: Iterable<string>, symbols: SymbolTable): CountedWord[] {
  const counts = new Map<string, number>();
  for (const sentence of sentences) {
    for (const word of sentence.split(/[ \r\n]+/)) {
      if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return Array.from(counts, ([word, count]) => ({ symbols: characters(word).map((text) => symbols.id(text)), count }));
}

function characters(word: string): string[] {
  const texts = [...word];
  texts.push(texts.pop()! + endOfWord);
  return texts;
}
