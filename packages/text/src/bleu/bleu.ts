/** BLEU (Papineni et al., ACL 2002) as sacreBLEU computes it (Post, WMT 2018). */
import { TextError } from '../errors.js';
import { type BleuOptions, type BleuScoring, checkBleuOptions, smoothingDefaults } from './options.js';
import { type BleuStatistics, bleuStatistics, type References, sumBleuStatistics } from './statistics.js';

/** A score and what it is made of. */
export interface BleuScore extends BleuStatistics {
  /** 0 to 100. */
  readonly score: number;
  /** Percent, for n = 1 … 4, smoothed. */
  readonly precisions: readonly number[];
  /** exp(1 − r/c) for a hypothesis of c words shorter than the reference's r, otherwise 1. */
  readonly brevityPenalty: number;
}

/**
 * BLEU of statistics: brevity penalty times the geometric mean of the n-gram precisions. 0 where nothing matches.
 * Throws `INVALID_ARGUMENT` for options that are none.
 */
export function bleuOfStatistics(statistics: BleuStatistics, options: BleuScoring = {}): BleuScore {
  checkBleuOptions('bleuOfStatistics', options);
  const { hypothesisLength, referenceLength } = statistics;
  const brevityPenalty = penalty(hypothesisLength, referenceLength);
  const { precisions, order } = smoothedPrecisions(statistics, options);
  const isZero = order === 0 || precisions.slice(0, order).some((precision) => precision === 0);
  const logs = precisions.slice(0, order).map(Math.log);
  const score = isZero ? 0 : brevityPenalty * Math.exp(logs.reduce((sum, log) => sum + log, 0) / order);
  return { ...statistics, score, precisions, brevityPenalty };
}

/**
 * BLEU of a corpus; `references[i]` are those of `hypotheses[i]`. Throws `INVALID_ARGUMENT` for lists of unequal length.
 * @example corpusBleu(['a dog runs'], ['the dog runs'], { lowercase: true }).score
 */
export function corpusBleu(
  hypotheses: readonly string[],
  references: readonly References[],
  options: BleuOptions = {},
): BleuScore {
  return bleuOfStatistics(sumBleuStatistics(corpusBleuStatistics(hypotheses, references, options)), options);
}

/** The statistics of each sentence of a corpus, for a bootstrap or for exchanging sentences. */
export function corpusBleuStatistics(
  hypotheses: readonly string[],
  references: readonly References[],
  options: BleuOptions = {},
): BleuStatistics[] {
  if (hypotheses.length !== references.length || hypotheses.length === 0) {
    throw new TextError(
      'INVALID_ARGUMENT',
      `corpusBleu: expected as many hypotheses as references, at least one; received ${hypotheses.length} and ${references.length}.`,
    );
  }
  return hypotheses.map((hypothesis, i) => bleuStatistics(hypothesis, references[i]!, options));
}

/** BLEU of one sentence, by the effective order unless told otherwise. */
export function sentenceBleu(hypothesis: string, references: References, options: BleuOptions = {}): BleuScore {
  return bleuOfStatistics(bleuStatistics(hypothesis, references, options), { effectiveOrder: true, ...options });
}

function penalty(hypothesis: number, reference: number): number {
  if (hypothesis >= reference) return 1;
  return hypothesis > 0 ? Math.exp(1 - reference / hypothesis) : 0;
}

/** Percent by order, and how many orders the mean is of: 0 where nothing matches. */
function smoothedPrecisions(
  { matches, totals }: BleuStatistics,
  { smoothing = 'exp', smoothingValue, effectiveOrder = false }: BleuScoring,
): { precisions: number[]; order: number } {
  const precisions = matches.map(() => 0);
  if (matches.every((count) => count === 0)) return { precisions, order: 0 };
  const value = smoothingValue ?? smoothingDefaults[smoothing] ?? 0;
  let [order, halved] = [matches.length, 1];
  for (let n = 0; n < matches.length; n++) {
    const added = smoothing === 'add-k' && n > 0 ? value : 0;
    const [match, total] = [matches[n]! + added, totals[n]! + added];
    if (total === 0) break;
    if (effectiveOrder) order = n + 1;
    if (match > 0) precisions[n] = (100 * match) / total;
    else if (smoothing === 'floor') precisions[n] = (100 * value) / total;
    else if (smoothing === 'exp') {
      halved *= 2;
      precisions[n] = 100 / (halved * total);
    }
  }
  return { precisions, order };
}
