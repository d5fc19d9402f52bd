/** What an image data set is: named classes, one image shape, and two splits of pixels and labels. */
import { createHash } from 'node:crypto';
import { EditableError } from '../errors.js';
import type { Augmentation } from './augmentation.js';
import type { DatasetName } from './dataset-names.js';
import type { ImageShape } from './image-shape.js';
import type { Normalization } from './normalization.js';
import type { ResizeAndCrop } from './photograph.js';
import type { RandomState } from './random.js';
import type { RandomResizedCrop } from './random-resized-crop.js';

/** A folder of photographs: of its class folders, or of what its manifest lists. */
export interface FolderSource {
  readonly folder: string;
  /** File of the network's classes in its order, one a line; left out: the folder's own, sorted. */
  readonly classes?: string;
  /** What becomes of a split in which some photographs cannot be read. Default: refuse. */
  readonly onDamaged?: 'refuse' | 'skip';
}

/** Where a data set comes from: it is known by name, or somebody's own. */
export type DatasetSource = DatasetName | FolderSource;

export type SplitName = 'train' | 'test';

export interface ImageDataset {
  /** One of `datasetNames`, or the folder's own. */
  readonly name: string;
  /** The folder the files were read from. */
  readonly folder: string;
  /** Of photographs: what opens them again. Left out: the name does. */
  readonly source?: FolderSource;
  /** Class names; a label is an index into them. */
  readonly classes: readonly string[];
  readonly shape: ImageShape;
  /** Mean and standard deviation per channel of the train split, pixels scaled to [0, 1]. */
  readonly normalization: Normalization;
  /** Of photographs: how their pixels became this shape. */
  readonly preprocessing?: ResizeAndCrop;
  /** What is wrong with each photograph that was skipped. */
  readonly skipped?: readonly string[];
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
  /** What identifies labels and pixels, where that is known without reading them. */
  readonly hash?: string;
  /** Of photographs: their files, where other crops than `image`'s are cut from. */
  readonly files?: PhotographFiles;
  /** Image i, [C, H, W] bytes; not to be written to, as it may be a view. */
  image(index: number): Uint8Array;
}

export interface PhotographFiles {
  /**
   * A random crop of each image at `indices`, [C, H, W] bytes, read by worker threads: the i-th is a function of its file and
   * of states[i]. Rejects with `INVALID_FILE` where a file is no longer what it was.
   */
  randomCrops(
    indices: ArrayLike<number>,
    crop: RandomResizedCrop,
    states: readonly RandomState[],
  ): Promise<readonly Uint8Array[]>;
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
    ...(split.hash === undefined ? {} : { hash: partHash(split.hash, chosen) }),
    ...(split.files === undefined ? {} : { files: filesAt(split.files, chosen) }),
    image: (index) => {
      checkIndex('image', index, chosen.length);
      return split.image(chosen[index]!);
    },
  };
}

const filesAt = (files: PhotographFiles, chosen: Uint32Array): PhotographFiles => ({
  randomCrops: (indices, crop, states) =>
    files.randomCrops(
      Array.from(indices, (index) => chosen[index]!),
      crop,
      states,
    ),
});

const partHash = (whole: string, indices: Uint32Array): string =>
  createHash('sha256').update(whole).update(indices).digest('hex');

/** @throws EditableError INVALID_ARGUMENT */
export function checkIndex(caller: string, index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `${caller}: expected an index from 0 to ${length - 1}, received ${index}.`,
  );
}
