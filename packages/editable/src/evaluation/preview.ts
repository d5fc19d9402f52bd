/** What one edit would change on the test set: looked at before it is kept. */
import type { Device, nn } from '@editable/torch';
import { type ImageSplit, type Normalization, subset } from '../data/index.js';
import { firstStageOf } from '../editing/layers.js';
import { EditableError } from '../errors.js';
import { errorRate } from './predictions.js';
import type { BasePredictions } from './repairer.js';
import { judgeBySample, SamplingPlan } from './sampling.js';
import { TestSet } from './test-set.js';

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
  /** Of drawdown: 0 where every image was judged. */
  readonly standardError: number;
  /** Images whose prediction changes: every one, or those among the judged ones. */
  readonly flips: readonly Flip[];
  /** How many there are in the whole test set: an estimate where only some images were judged. */
  readonly flipped: number;
  readonly judged: number;
  readonly testImages: number;
}

/** Compares two models that differ in the parameters `changed` only; what comes before them runs once. */
export function preview(base: nn.Model, edited: nn.Model, changed: readonly string[], testSet: TestSet): Preview {
  using activations = testSet.activations(base, changed.length === 0 ? 0 : firstStageOf(base, changed));
  const before = testSet.predict(base, activations);
  const after = changed.length === 0 ? before : testSet.predict(edited, activations);
  return previewOf(testSet.labels, before, after);
}

/** The same of two models' predicted classes, one for each image. */
export function previewOf(labels: Int32Array, before: Int32Array, after: Int32Array): Preview {
  const [errorBefore, errorAfter] = [errorRate(before, labels), errorRate(after, labels)];
  const flips = [...labels.keys()].flatMap((index) => flipAt(index, labels[index]!, before[index]!, after[index]!));
  const judged = labels.length;
  const drawdown = errorAfter - errorBefore;
  return {
    errorBefore,
    errorAfter,
    drawdown,
    standardError: 0,
    flips,
    flipped: flips.length,
    judged,
    testImages: judged,
  };
}

export interface SampledPreviewOptions {
  /** Half-width of the 95 % interval of drawdown. */
  readonly precision: number;
  readonly normalization: Normalization;
  readonly device?: Device;
  readonly seed?: number;
}

/**
 * The same from a stratified sample, just large enough for the precision: only its images go through the edited model.
 *
 * @param base the unedited model's predictions on `split`: `basePredictions` keeps them.
 * @throws EditableError INVALID_ARGUMENT for a precision that is not above 0
 */
export function previewBySample(
  edited: nn.Model,
  split: ImageSplit,
  base: BasePredictions,
  { precision, normalization, device = 'cpu', seed = 0 }: SampledPreviewOptions,
): Preview {
  if (!(precision > 0))
    throw new EditableError('INVALID_ARGUMENT', `precision: expected a number above 0, received ${precision}.`);
  const { labels } = split;
  const flips: Flip[] = [];
  const judge = (positions: readonly number[] = [...labels.keys()]): Int32Array => {
    using images = new TestSet(subset(split, positions), { normalization, device });
    const after = images.predict(edited);
    for (const [i, at] of positions.entries()) flips.push(...flipAt(at, labels[at]!, base.classes[at]!, after[i]!));
    return after;
  };
  const plan = new SamplingPlan(base, labels, { precision });
  const { drawdown, standardError, judged, flips: flipped } = judgeBySample(plan, { judge }, { seed, position: 0 });
  const errorBefore = errorRate(base.classes, labels);
  const inOrder = flips.sort((a, b) => a.index - b.index);
  return {
    errorBefore,
    errorAfter: errorBefore + drawdown,
    drawdown,
    standardError,
    flips: inOrder,
    flipped,
    judged,
    testImages: labels.length,
  };
}

const flipAt = (index: number, label: number, before: number, after: number): readonly Flip[] =>
  before === after ? [] : [{ index, label, before, after }];
