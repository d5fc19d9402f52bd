/** Which pairs of sentences are fit for training: Moses' clean-corpus-n with the bounds of fairseq's IWSLT14 recipe. */
import { checkCount, TextError } from './errors.js';

/** A sentence and its translation. */
export interface SentencePair {
  readonly source: string;
  readonly target: string;
}

/** Bounds on the lengths of a pair. */
export interface CleanCorpusOptions {
  /** Tokens, in source and target alike. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** The longer may have so many times the tokens of the shorter. */
  readonly maxRatio?: number;
}

/** Why a pair was left out, and how many were. */
export interface CleanedCorpus {
  readonly pairs: readonly SentencePair[];
  readonly tooShort: number;
  readonly tooLong: number;
  readonly unlike: number;
}

/**
 * The pairs of 1 to 175 tokens a side whose lengths differ by at most a factor of 1.5, with their spaces single.
 * @example cleanCorpus([{ source: 'ein hund', target: 'a dog' }]).pairs.length // 1
 */
export function cleanCorpus(pairs: Iterable<SentencePair>, options: CleanCorpusOptions = {}): CleanedCorpus {
  const { minLength = 1, maxLength = 175, maxRatio = 1.5 } = options;
  checkCount('cleanCorpus', 'minLength', minLength, 1);
  checkCount('cleanCorpus', 'maxLength', maxLength, minLength);
  if (!(maxRatio >= 1)) {
    throw new TextError('INVALID_ARGUMENT', `cleanCorpus: expected maxRatio from 1, received ${maxRatio}.`);
  }
  const left = { tooShort: 0, tooLong: 0, unlike: 0 };
  const kept: SentencePair[] = [];
  for (const pair of pairs) {
    const [source, target] = [tokensOf(pair.source), tokensOf(pair.target)];
    const [shorter, longer] = [source.length, target.length].sort((a, b) => a - b) as [number, number];
    if (shorter < minLength) left.tooShort++;
    else if (longer > maxLength) left.tooLong++;
    else if (longer > shorter * maxRatio) left.unlike++;
    else kept.push({ source: source.join(' '), target: target.join(' ') });
  }
  return { pairs: kept, ...left };
}

const tokensOf = (sentence: string): string[] => sentence.split(/[\s]+/).filter((token) => token !== '');
