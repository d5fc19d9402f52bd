/** What an image data set is: named classes, one image shape, and two splits of pixels and labels. */
import { EditableError } from '../errors.js';
import type { Augmentation } from './augmentation.js';
import type { ImageShape } from './image-shape.js';
import type { Normalization } from './normalization.js';

export type DatasetName = 'fashion-mnist' | 'cifar-10';
export type SplitName = 'train' | 'test';

export interface ImageDataset {
  readonly name: DatasetName;
  /** The folder the files were read from. */
  readonly folder: string;
  /** Class names; a label is an index into them. */
  readonly classes: readonly string[];
  readonly shape: ImageShape;
  /** Mean and standard deviation per channel of the train split, pixels scaled to [0, 1]. */
  readonly normalization: Normalization;
  /** The augmentation usual for training on this data set. */
  readonly augmentation: Augmentation;
  /** Reads a split on first use and keeps it; throws `INVALID_FILE` where a file is damaged. */
  split(which: SplitName): ImageSplit;
}

export interface ImageSplit {
  readonly shape: ImageShape;
  readonly length: number;
  /** Class indices. */
  readonly labels: Int32Array;
  /** Image i, [C, H, W] bytes: a view, not a copy. */
  image(index: number): Uint8Array;
}

/** A split over pixels laid out as [N, C, H, W], one label an image. */
export function imageSplit(pixels: Uint8Array, labels: ArrayLike<number>, shape: ImageShape): ImageSplit {
  const size = shape[0] * shape[1] * shape[2];
  const { length } = labels;
  if (pixels.length !== length * size) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `imageSplit: expected ${length} images of ${shape.join('×')} = ${length * size} bytes for ${length} labels, received ${pixels.length}.`,
    );
  }
  return {
    shape,
    length,
    labels: Int32Array.from(labels),
    image: (index) => {
      checkIndex('image', index, length);
      return pixels.subarray(index * size, (index + 1) * size);
    },
  };
}

/** The images of a split at the given indices, in that order; pixels are shared with the split. */
export function subset(split: ImageSplit, indices: ArrayLike<number>): ImageSplit {
  const chosen = Uint32Array.from(indices);
  for (let i = 0; i < indices.length; i++) checkIndex('subset', indices[i]!, split.length);
  return {
    shape: split.shape,
    length: chosen.length,
    labels: Int32Array.from(chosen, (index) => split.labels[index]!),
    image: (index) => {
      checkIndex('image', index, chosen.length);
      return split.image(chosen[index]!);
    },
  };
}

function checkIndex(caller: string, index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `${caller}: expected an index from 0 to ${length - 1}, received ${index}.`,
  );
}
