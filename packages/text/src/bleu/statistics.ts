/** What BLEU needs to know of a sentence: matches of n-grams and lengths. They add up, so corpus BLEU is a sum away. */
import { TextError } from '../errors.js';
import { type BleuTokenization, checkBleuOptions } from './options.js';
import { bleuWords } from './tokenizers.js';

/** The longest n-gram that counts. */
export const bleuOrder = 4;

/** Sufficient statistics of a sentence, or the sum of several. */
export interface BleuStatistics {
  /** n-grams of the hypothesis that a reference has too, each at most as often as there; for n = 1 … 4. */
  readonly matches: readonly number[];
  /** n-grams of the hypothesis, for n = 1 … 4. */
  readonly totals: readonly number[];
  /** Words. */
  readonly hypothesisLength: number;
  /** Words of the reference whose length is nearest, the shorter of two as near. */
  readonly referenceLength: number;
}

/** One reference translation, or several. */
export type References = string | readonly string[];

/** Of no sentence at all. */
export const noStatistics: BleuStatistics = {
  matches: [0, 0, 0, 0],
  totals: [0, 0, 0, 0],
  hypothesisLength: 0,
  referenceLength: 0,
};

/**
 * A sentence's statistics. Empty references are left out; throws `INVALID_ARGUMENT` when none is left.
 * @example bleuStatistics('a dog runs', 'the dog runs .').matches // [2, 1, 0, 0]
 */
export function bleuStatistics(
  hypothesis: string,
  references: References,
  options: BleuTokenization = {},
): BleuStatistics {
  checkBleuOptions('bleuStatistics', options);
  const { tokenizer = '13a', lowercase = false } = options;
  const given = (typeof references === 'string' ? [references] : references).filter((reference) => reference !== '');
  if (given.length === 0) {
    throw new TextError('INVALID_ARGUMENT', 'bleuStatistics: expected a reference that is not empty, received none.');
  }
  const words = bleuWords(hypothesis, tokenizer, lowercase);
  const referenceWords = given.map((reference) => bleuWords(reference, tokenizer, lowercase));
  const matches = countMatches(ngramCounts(words), mostOften(referenceWords.map(ngramCounts)));
  return {
    matches,
    totals: matches.map((_, n) => Math.max(0, words.length - n)),
    hypothesisLength: words.length,
    referenceLength: nearestLength(referenceWords, words.length),
  };
}

/** The sum of two. */
export function addBleuStatistics(one: BleuStatistics, other: BleuStatistics): BleuStatistics {
  return combined(one, other, 1);
}

/** The first without the second, which is part of it: a sentence out of a corpus, before its new translation goes in. */
export function subtractBleuStatistics(whole: BleuStatistics, part: BleuStatistics): BleuStatistics {
  return combined(whole, part, -1);
}

/** A corpus of the statistics of its sentences. */
export function sumBleuStatistics(sentences: Iterable<BleuStatistics>): BleuStatistics {
  let sum = noStatistics;
  for (const sentence of sentences) sum = addBleuStatistics(sum, sentence);
  return sum;
}

function combined(one: BleuStatistics, other: BleuStatistics, sign: 1 | -1): BleuStatistics {
  return {
    matches: one.matches.map((count, n) => count + sign * other.matches[n]!),
    totals: one.totals.map((count, n) => count + sign * other.totals[n]!),
    hypothesisLength: one.hypothesisLength + sign * other.hypothesisLength,
    referenceLength: one.referenceLength + sign * other.referenceLength,
  };
}

type NgramCounts = readonly ReadonlyMap<string, number>[];

/** For each order, how often each n-gram occurs. No word has a space in it, so a space joins them. */
function ngramCounts(words: readonly string[]): NgramCounts {
  return Array.from({ length: bleuOrder }, (_, n) => {
    const counts = new Map<string, number>();
    for (let i = 0; i + n < words.length; i++) {
      const ngram = words.slice(i, i + n + 1).join(' ');
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
    return counts;
  });
}

/** Each n-gram as often as in the reference that has it most. */
function mostOften(references: readonly NgramCounts[]): NgramCounts {
  if (references.length === 1) return references[0]!;
  return Array.from({ length: bleuOrder }, (_, n) => {
    const most = new Map<string, number>();
    for (const [ngram, count] of references.flatMap((counts) => [...counts[n]!])) {
      most.set(ngram, Math.max(count, most.get(ngram) ?? 0));
    }
    return most;
  });
}

function countMatches(hypothesis: NgramCounts, reference: NgramCounts): number[] {
  return hypothesis.map((counts, n) => {
    let matches = 0;
    for (const [ngram, count] of counts) matches += Math.min(count, reference[n]!.get(ngram) ?? 0);
    return matches;
  });
}

function nearestLength(references: readonly (readonly string[])[], length: number): number {
  const lengths = references.map((words) => words.length);
  return lengths.reduce((nearest, candidate) => {
    const [distance, best] = [Math.abs(candidate - length), Math.abs(nearest - length)];
    return distance < best || (distance === best && candidate < nearest) ? candidate : nearest;
  });
}
