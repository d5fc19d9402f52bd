/** What is kept of each edit of a translation model, and what a list of them says. */
import type { Sentence } from '../../translation/source-batches.js';
import { average, estimate } from '../statistics.js';
import type { BleuChange } from './bleu-change.js';

export interface TranslationEditRecord extends BleuChange {
  /** Of the test sentence. */
  readonly index: number;
  readonly target: Sentence;
  /** No alternative of the fixed baseline's beam is likelier than the target, by the mean over tokens. */
  readonly success: boolean;
  /** The edited model's beam search gives the target. */
  readonly best: boolean;
  readonly steps: number;
  /** l_e after the edit. */
  readonly loss: number;
  /** Share of noised forms of the source that are translated to the target; null where no step was taken or it failed. */
  readonly generality: number | null;
}

export interface TranslationEditSummary {
  /** Mean of BLEU before minus BLEU after. */
  readonly bleuDrawdown: number;
  /** 95 % interval of its mean over edits; it covers the spread over edits and that of sampling. */
  readonly bleuDrawdownInterval: [low: number, high: number];
  /** Half-width of the 95 % interval that sampling alone accounts for; 0 where every sentence was translated. */
  readonly samplingError: number;
  /** Share of edits after which no alternative of the fixed baseline beats the target (the paper's). */
  readonly successRate: number;
  /** Share of edits after which beam search gives the target. */
  readonly bestRate: number;
  readonly meanSteps: number;
  /** Mean share of noised sources that follow. */
  readonly generality: number;
  /** Mean share of test sentences whose translation is another. */
  readonly changed: number;
  readonly edits: number;
  /** Mean number of sentences that an edit was judged on. */
  readonly meanJudged: number;
}

/** Means over the records of edits, the BLEU drawdown with its 95 % interval. */
export function summarizeTranslation(records: readonly TranslationEditRecord[]): TranslationEditSummary {
  const { mean, interval } = estimate(records.map(({ drawdown }) => drawdown));
  const variance = records.reduce((sum, { standardError }) => sum + standardError ** 2, 0);
  const samplingError = (1.96 * Math.sqrt(variance)) / Math.max(records.length, 1);
  // The spread over few edits may be smaller by chance than what sampling alone makes.
  const half = Math.max(interval[1] - mean, samplingError);
  return {
    bleuDrawdown: mean,
    bleuDrawdownInterval: [mean - half, mean + half],
    samplingError,
    successRate: average(records.map(({ success }) => Number(success))),
    bestRate: average(records.map(({ best }) => Number(best))),
    meanSteps: average(records.map(({ steps }) => steps)),
    generality: average(records.flatMap(({ generality }) => (generality === null ? [] : [generality]))),
    changed: average(records.map(({ changed }) => changed)),
    edits: records.length,
    meanJudged: average(records.map(({ judged }) => judged)),
  };
}
