/** One batch as the network takes it: chosen images, augmented if asked, normalised; with their labels. */
import { type Augmentation, cropAndFlip } from './augmentation.js';
import type { ImageSplit } from './image-dataset.js';
import { type Normalization, normalizationTables, normalizeInto } from './normalization.js';
import type { RandomStream } from './random.js';

export interface BatchOptions {
  readonly normalization: Normalization;
  /** Augments every image with draws from `random`; left out, images are as they are. */
  readonly augment?: Augmentation & { readonly random: RandomStream };
}

export interface Batch {
  /** [B, C, H, W] */
  readonly images: Float32Array;
  /** [B], class indices; int64, as cross entropy takes them. */
  readonly labels: BigInt64Array;
}

/**
 * Assembles the images of a split at `indices` into one batch.
 * @example assembleBatch(split, schedule.at(step), { normalization, augment: { ...augmentation, random: stream(seed, 'augment', step) } })
 */
export function assembleBatch(
  split: ImageSplit,
  indices: ArrayLike<number>,
  { normalization, augment }: BatchOptions,
): Batch {
  const { shape } = split;
  const size = shape[0] * shape[1] * shape[2];
  const tables = normalizationTables(shape[0], normalization);
  const images = new Float32Array(indices.length * size);
  const labels = new BigInt64Array(indices.length);
  const augmented = new Uint8Array(size);
  for (let i = 0; i < indices.length; i++) {
    const original = split.image(indices[i]!);
    const image = augment ? cropAndFlip(original, shape, augment, augment.random, augmented) : original;
    normalizeInto(images, i * size, image, tables);
    labels[i] = BigInt(split.labels[indices[i]!]!);
  }
  return { images, labels };
}
