/** One measurement of an editor's settings, and the rule that compares two (section 4.1). */

import type { EditorChoice } from '../editing/editor-choice.js';
import { EditableError } from '../errors.js';

export interface Trial {
  readonly editor: EditorChoice;
  /** Mean signed change of the error on the judged validation images. */
  readonly drawdown: number;
  /** 95 % interval of the mean over edits; the images are the same for every edit. */
  readonly drawdownInterval: readonly [low: number, high: number];
  readonly successRate: number;
  /** Mean share of augmented views of the edited image that follow; null where it was not taken. */
  readonly generality: number | null;
  readonly meanSteps: number;
  /** Edits made: fewer than asked where too many had failed already. */
  readonly edits: number;
  /** Validation images that drawdown is judged on. */
  readonly images: number;
  /** No more edits failed than the asked success rate allows. */
  readonly qualifies: boolean;
  /** Median time of one edit, judging apart; null where it was not taken. */
  readonly secondsPerEdit: number | null;
  /** Time of the whole trial. */
  readonly seconds: number;
}

/** Least drawdown among the trials that qualify; where none does, the highest success rate. */
export function bestOf(trials: readonly Trial[]): Trial {
  if (trials.length === 0) {
    throw new EditableError('INVALID_ARGUMENT', 'tune: expected at least one editor and one choice of layers.');
  }
  return trials.reduce((best, trial) => (isBetter(trial, best) ? trial : best));
}

export function isBetter(a: Trial, b: Trial): boolean {
  if (a.qualifies !== b.qualifies) return a.qualifies;
  if (!a.qualifies && a.successRate !== b.successRate) return a.successRate > b.successRate;
  return a.drawdown !== b.drawdown ? a.drawdown < b.drawdown : a.meanSteps < b.meanSteps;
}

/** Times closer than this are taken as equal: another run would order them otherwise. */
const timeTolerance = 1.1;

/** `a` is as good as `b` in drawdown, generality, success, steps and time, and better in one of them. */
export function dominates(a: Trial, b: Trial): boolean {
  const [aTime, bTime] = [a.secondsPerEdit ?? 0, b.secondsPerEdit ?? 0];
  const [aGeneral, bGeneral] = [a.generality ?? 0, b.generality ?? 0];
  const asGood =
    a.drawdown <= b.drawdown &&
    aGeneral >= bGeneral &&
    a.successRate >= b.successRate &&
    a.meanSteps <= b.meanSteps &&
    aTime <= bTime * timeTolerance;
  const better =
    a.drawdown < b.drawdown ||
    aGeneral > bGeneral ||
    a.successRate > b.successRate ||
    a.meanSteps < b.meanSteps ||
    aTime * timeTolerance < bTime;
  return asGood && better;
}

/** Failures that the asked success rate allows among so many edits. */
export const allowedFailures = (edits: number, minimumSuccess: number): number =>
  Math.floor(edits * (1 - minimumSuccess) + 1e-9);

/**
 * The most failures that still fit the asked success rate: more would come by chance in fewer than one of twenty cases
 * if the true rate were just that.
 */
export function plausibleFailures(edits: number, minimumSuccess: number): number {
  if (minimumSuccess === 0) return edits;
  const failure = 1 - minimumSuccess;
  let probability = minimumSuccess ** edits;
  let atMost = probability;
  let failures = 0;
  while (atMost < 0.95 && failures < edits) {
    failures += 1;
    probability *= ((edits - failures + 1) / failures) * (failure / (1 - failure));
    atMost += probability;
  }
  return failures;
}
