/** What training sees of a split: chosen images, each changed at random. Photographs are read by worker threads. */
import { EditableError } from '../errors.js';
import { type Augmentation, cropAndFlip, drawCrop } from './augmentation.js';
import type { ImageSplit } from './image-dataset.js';
import type { RandomStream } from './random.js';
import type { RandomResizedCrop } from './random-resized-crop.js';

/** How, and with which draws. */
export type Augment = (Augmentation | RandomResizedCrop) & { readonly random: RandomStream };

/**
 * The images of a split at `indices`, in that order, augmented: a function of them and of `random`. Left as they are where
 * nothing is said. Their pixels are in memory. `range`: only those from one position to before another are made, the same
 * ones as if all were.
 *
 * @example await augmentedImages(split, schedule.at(step), { ...randomResizedCrop, random: stream(seed, 'augment', step) })
 * @throws EditableError INVALID_ARGUMENT for random crops of what is no photograph, INVALID_FILE for a damaged one
 */
export async function augmentedImages(
  split: ImageSplit,
  indices: ArrayLike<number>,
  augment?: Augment,
  [from, to]: readonly [from: number, to: number] = [0, indices.length],
): Promise<ImageSplit> {
  const images = await pixelsOf(split, indices, augment, [from, to]);
  return {
    shape: split.shape,
    length: images.length,
    labels: Int32Array.from(Array.from(indices).slice(from, to), (index) => split.labels[index]!),
    image: (index) => images[index] as Uint8Array,
  };
}

async function pixelsOf(
  split: ImageSplit,
  indices: ArrayLike<number>,
  augment: Augment | undefined,
  [from, to]: readonly [from: number, to: number],
): Promise<readonly Uint8Array[]> {
  const all = Array.from(indices);
  const own = all.slice(from, to);
  if (augment === undefined) return own.map((index) => split.image(index));
  if ('padding' in augment) {
    // Draws follow each other: those of the images before are made, and not used.
    for (let i = 0; i < from; i++) drawCrop(augment, augment.random);
    return own.map((index) => cropAndFlip(split.image(index), split.shape, augment, augment.random));
  }
  const { files } = split;
  if (files === undefined) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `augmentation: expected a folder of photographs for random resized crops, received images of ${split.shape.join('×')}; train with shifts and flips.`,
    );
  }
  const { random, ...crop } = augment;
  const states = all.map(() => random.branch());
  return files.randomCrops(own, crop, states.slice(from, to));
}
