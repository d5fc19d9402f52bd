/** The training images that some baselines go back to: as batches, and as what a result's identity says of them. */
import { createHash } from 'node:crypto';
import { type Device, tensor } from '@editable/torch';
import {
  type Augmentation,
  assembleBatch,
  type ImageSplit,
  labelBytes,
  type Normalization,
  type RandomStream,
} from '../data/index.js';
import type { TrainingBatch } from '../tasks/task.js';

export interface TrainImages {
  readonly split: ImageSplit;
  readonly normalization: Normalization;
  readonly device?: Device;
}

/** The images at `indices`, [n, channels, height, width], augmented if asked, and their labels, int64 [n]. */
export function trainBatch(
  { split, normalization, device = 'cpu' }: TrainImages,
  indices: ArrayLike<number>,
  augment?: Augmentation & { readonly random: RandomStream },
): TrainingBatch {
  const { images, labels } = assembleBatch(split, indices, { normalization, ...(augment ? { augment } : {}) });
  return {
    input: tensor(images, { shape: [indices.length, ...split.shape], device }),
    target: tensor(labels, { device }),
  };
}

/** SHA-256 over shape, labels, pixels and normalization, in hexadecimal. */
export function hashOf({ split, normalization }: TrainImages): string {
  const hash = createHash('sha256').update(JSON.stringify([split.shape, split.length, normalization]));
  hash.update(labelBytes(split.labels));
  for (let i = 0; i < split.length; i++) hash.update(split.image(i));
  return hash.digest('hex');
}
