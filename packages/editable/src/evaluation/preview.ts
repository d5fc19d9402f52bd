/** What one edit would change on the test set: looked at before it is kept. */
import type { nn } from '@editable/torch';
import { firstStageOf } from '../editing/layers.js';
import { errorRate } from './predictions.js';
import type { TestSet } from './test-set.js';

export interface Flip {
  /** Index in the test set. */
  readonly index: number;
  readonly label: number;
  readonly before: number;
  readonly after: number;
}

export interface Preview {
  readonly errorBefore: number;
  readonly errorAfter: number;
  /** errorAfter − errorBefore. */
  readonly drawdown: number;
  /** Every image whose prediction changes. */
  readonly flips: readonly Flip[];
  readonly testImages: number;
}

/** Compares two models that differ in the parameters `changed` only; what comes before them runs once. */
export function preview(base: nn.Model, edited: nn.Model, changed: readonly string[], testSet: TestSet): Preview {
  using activations = testSet.activations(base, changed.length === 0 ? 0 : firstStageOf(base, changed));
  const before = testSet.predict(base, activations);
  const after = changed.length === 0 ? before : testSet.predict(edited, activations);
  const { labels } = testSet;
  const [errorBefore, errorAfter] = [errorRate(before, labels), errorRate(after, labels)];
  const flips = [...labels.keys()].flatMap((index) =>
    before[index] === after[index]
      ? []
      : [{ index, label: labels[index]!, before: before[index]!, after: after[index]! }],
  );
  return { errorBefore, errorAfter, drawdown: errorAfter - errorBefore, flips, testImages: labels.length };
}
