/** The images that every repair of an evaluation is judged on. */
import { type ImageDataset, stream, subset } from '../data/index.js';
import { EditableError } from '../errors.js';
import type { RepairEvaluationOptions } from './evaluation-options.js';
import { TestSet } from './test-set.js';

/** The images that an evaluation with these options judges on. */
export function judgedImages(dataset: ImageDataset, options: RepairEvaluationOptions): TestSet {
  const { split = dataset.split('test'), seed = 0, normalization = dataset.normalization, device = 'cpu' } = options;
  const { edits, testImages = split.length, reducedPrecision = false } = options;
  checkCounts({ edits, testImages }, split.length);
  if (options.precision !== undefined && !(options.precision > 0)) {
    throw new EditableError('INVALID_ARGUMENT', `precision: expected a number above 0, received ${options.precision}.`);
  }
  const judged =
    testImages === split.length
      ? split
      : subset(split, stream(seed, 'test-images').sample(split.length, testImages).sort());
  return new TestSet(judged, { normalization, device, reducedPrecision });
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
