/**
 * A second opinion on a label, from pixels alone: what the nearest training images are labelled. Where hardly any of them
 * has an image's own label, and most have the one that a model gives it, the label is suspect.
 */
import { scope, type Tensor, tensor } from '@editable/torch';
import { countVotes, NearestNeighbors } from '../baselines/nearest-neighbors.js';
import type { ImageSplit } from '../data/index.js';

export interface NeighborVotesOptions {
  readonly train: ImageSplit;
  readonly classes: number;
  /** Nearest training images that vote; default 10. */
  readonly k?: number;
}

/** Votes for each class among the training images nearest to each image at `indices`: [indices × classes], row by row. */
export function neighborVotes(
  split: ImageSplit,
  indices: readonly number[],
  { train, classes, k = 10 }: NeighborVotesOptions,
): Uint16Array {
  if (indices.length === 0) return new Uint16Array(0);
  const points = scope(() => directions(train, Array.from(train.labels.keys())));
  using neighbors = new NearestNeighbors(points, k);
  const nearest = scope(() => neighbors.nearest(directions(split, indices)));
  return countVotes(nearest, train.labels, { k, classes });
}

/** Images as unit vectors without their mean brightness, [images, pixels]: their inner product is a correlation. */
function directions(split: ImageSplit, indices: readonly number[]): Tensor {
  const size = split.shape.reduce((product, each) => product * each, 1);
  const pixels = new Uint8Array(indices.length * size);
  for (const [row, index] of indices.entries()) pixels.set(split.image(index), row * size);
  const rows = tensor(pixels, { shape: [indices.length, size] }).to('float32');
  const centred = rows.sub(rows.mean([1], { keepdim: true }));
  return centred.div(centred.square().sum([1], { keepdim: true }).sqrt().add(1e-6));
}
