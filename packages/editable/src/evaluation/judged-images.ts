/** The images that every repair of an evaluation is judged on. */
import { type ImageDataset, type ImageSplit, stream, subset } from '../data/index.js';
import { EditableError } from '../errors.js';
import type { RepairEvaluationOptions } from './evaluation-options.js';
import { TestSet } from './test-set.js';

/** The images that an evaluation with these options judges on. */
export function judgedImages(dataset: ImageDataset, options: RepairEvaluationOptions): TestSet {
  const { normalization = dataset.normalization, device = 'cpu', reducedPrecision = false } = options;
  return new TestSet(judgedSplit(dataset, options), { normalization, device, reducedPrecision });
}

/** The same, where they are read from: a random sample of the edited split, or all of it. */
export function judgedSplit(dataset: ImageDataset, options: RepairEvaluationOptions): ImageSplit {
  const { split = dataset.split('test'), seed = 0 } = options;
  const { edits, testImages = split.length } = options;
  checkCounts({ edits, testImages }, split.length);
  if (options.precision !== undefined && !(options.precision > 0)) {
    throw new EditableError('INVALID_ARGUMENT', `precision: expected a number above 0, received ${options.precision}.`);
  }
  if (testImages === split.length) return split;
  return subset(split, stream(seed, 'test-images').sample(split.length, testImages).sort());
}

function checkCounts(counts: Readonly<Record<string, number>>, available: number): void {
  for (const [name, count] of Object.entries(counts)) {
    if (Number.isInteger(count) && count >= 1 && count <= available) continue;
    throw new EditableError(
      'INVALID_ARGUMENT',
      `${name}: expected a whole number from 1 to ${available}, received ${count}.`,
    );
  }
}
