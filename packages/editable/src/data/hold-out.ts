/** A validation split taken out of the train split: tuning and choices look at it, so that test stays unseen. */
import { EditableError } from '../errors.js';
import { type ImageSplit, subset } from './image-dataset.js';
import { stream } from './random.js';

export interface HoldOutOptions {
  /** How many images to hold out. */
  readonly size?: number;
  readonly seed?: number;
}

/** Divides a split at random into `train` and `validation`; the same seed gives the same division. */
export function holdOut(
  split: ImageSplit,
  { size = 5000, seed = 0 }: HoldOutOptions = {},
): { train: ImageSplit; validation: ImageSplit } {
  if (!Number.isInteger(size) || size < 1 || size >= split.length) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `holdOut: expected a validation size from 1 to ${split.length - 1}, received ${size}.`,
    );
  }
  const order = stream(seed, 'hold-out').permutation(split.length);
  // Sorted, so that reading either part walks through memory forwards.
  return {
    validation: subset(split, order.slice(0, size).sort()),
    train: subset(split, order.slice(size).sort()),
  };
}
