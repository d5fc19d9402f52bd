/** How often each pair of neighbouring symbols occurs, kept up to date as pairs are merged. */

/** Symbols as numbers: equal texts, however they were merged, are one symbol. */
export class SymbolTable {
  readonly texts: string[] = [];
  readonly #ids = new Map<string, number>();

  id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}

/** Numbers a pair by its two symbols; exact below 2²⁶ symbols. */
export const pairKey = (left: number, right: number): number => left * 2 ** 26 + right;
/** The two symbols of a number. */
export const pairSymbols = (key: number): readonly [left: number, right: number] => {
  const left = Math.floor(key / 2 ** 26);
  return [left, key - left * 2 ** 26];
};

/** A word of the corpus: its symbols now, and how often it occurs. */
export interface CountedWord {
  symbols: readonly number[];
  readonly count: number;
}

/**
 * Counts of pairs, and in which words each occurs. Rare pairs are put aside, so that the search for the most frequent one
 * looks at few: below a threshold, as subword-nmt does it, whose choices these must equal in every corner. (A pair that
 * returns after it was put aside, since two ways of merging spell the same symbol, is counted afresh there.)
 */
export class PairCounts {
  readonly #counts = new Map<number, number>();
  readonly #all = new Map<number, number>();
  readonly #words = new Map<number, Map<number, number>>();
  readonly #symbols: SymbolTable;
  #threshold: number;

  constructor(words: readonly CountedWord[], symbols: SymbolTable) {
    this.#symbols = symbols;
    words.forEach(({ symbols: [first, ...rest], count }, index) => {
      let left = first!;
      for (const right of rest) {
        this.#add(left, right, index, 1, count);
        left = right;
      }
    });
    for (const [key, count] of this.#counts) this.#all.set(key, count);
    this.#threshold = (this.#best()?.count ?? 0) / 10;
  }

  /** The most frequent pair before merge number `step`; of equals the last by code points. Undefined when there is none. */
  mostFrequent(step: number): { readonly key: number; readonly count: number } | undefined {
    const best = this.#best();
    if (best !== undefined && (step === 0 || best.count >= this.#threshold)) return best;
    this.#putAside();
    this.#counts.clear();
    for (const [key, count] of this.#all) this.#counts.set(key, count);
    const found = this.#best();
    this.#threshold = ((found?.count ?? 0) * step) / (step + 10_000);
    this.#putAside();
    return found;
  }

  /** The words in which a pair occurs. */
  wordsWith(key: number): number[] {
    return [...(this.#words.get(key) ?? [])].filter(([, times]) => times > 0).map(([word]) => word);
  }

  /** Forgets a pair that is being merged. */
  forget(key: number): void {
    this.#counts.set(key, 0);
    this.#words.set(key, new Map());
  }

  /** After merge number `step`: the pair has no occurrences left, and from time to time rare pairs are put aside. */
  merged(key: number, step: number): void {
    this.#counts.set(key, 0);
    if (step % 100 === 0) this.#putAside();
  }

  /** Word `index`, `before` and `after` the pair (left, right) in it became `whole`. */
  update(
    pair: { left: number; right: number; whole: number },
    index: number,
    before: CountedWord,
    after: readonly number[],
  ): void {
    this.#removeAround(pair, index, before);
    this.#addAround(pair.whole, index, after, before.count);
  }

  #removeAround(
    { left, right }: { left: number; right: number },
    index: number,
    { symbols, count }: CountedWord,
  ): void {
    const at = (i: number): boolean => symbols[i] === left && symbols[i + 1] === right;
    for (let i = symbols.indexOf(left); i >= 0 && i < symbols.length; ) {
      if (!at(i)) {
        i++;
        continue;
      }
      if (i > 0) this.#add(symbols[i - 1]!, symbols[i]!, index, -1, count);
      // Where the pair follows at once, the next occurrence counts the pair between the two.
      if (i + 2 < symbols.length && !at(i + 2)) this.#add(symbols[i + 1]!, symbols[i + 2]!, index, -1, count);
      i += 2;
    }
  }

  #addAround(whole: number, index: number, symbols: readonly number[], count: number): void {
    for (let i = symbols.indexOf(whole); i >= 0; i = symbols.indexOf(whole, i + 1)) {
      if (i > 0) this.#add(symbols[i - 1]!, whole, index, 1, count);
      if (i + 1 < symbols.length && symbols[i + 1] !== whole) this.#add(whole, symbols[i + 1]!, index, 1, count);
    }
  }

  #add(left: number, right: number, word: number, times: number, count: number): void {
    const key = pairKey(left, right);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + times * count);
    let words = this.#words.get(key);
    if (words === undefined) {
      words = new Map();
      this.#words.set(key, words);
    }
    words.set(word, (words.get(word) ?? 0) + times);
  }

  #best(): { key: number; count: number } | undefined {
    let best: { key: number; count: number } | undefined;
    for (const [key, count] of this.#counts) {
      if (best === undefined || count > best.count || (count === best.count && this.#isAfter(key, best.key))) {
        best = { key, count };
      }
    }
    return best;
  }

  #isAfter(one: number, other: number): boolean {
    const [a, b] = pairSymbols(one).map((id) => this.#symbols.texts[id]!) as [string, string];
    const [c, d] = pairSymbols(other).map((id) => this.#symbols.texts[id]!) as [string, string];
    return (compareCodePoints(a, c) || compareCodePoints(b, d)) > 0;
  }

  #putAside(): void {
    for (const [key, count] of this.#counts) {
      if (count >= this.#threshold) continue;
      this.#counts.delete(key);
      // What is negative was counted from nothing after the pair was put aside: a difference, not a count.
      this.#all.set(key, count < 0 ? (this.#all.get(key) ?? 0) + count : count);
    }
  }
}

/** Order by code points, which JavaScript's own order is not beyond U+FFFF. */
export function compareCodePoints(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let i = 0; i < length; i++) {
    const [a, b] = [one.charCodeAt(i), other.charCodeAt(i)];
    if (a === b) continue;
    const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xe000;
    // Halves of characters beyond U+FFFF are above all others.
    return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return one.length - other.length;
}
