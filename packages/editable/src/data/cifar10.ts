/** CIFAR-10: 50,000 and 10,000 pictures of ten classes. */
import { type CifarLayout, cifar } from './cifar.js';
import type { ImageDataset } from './image-dataset.js';
import type { DatasetLocation } from './locate.js';

export const cifar10Layout: CifarLayout = {
  name: 'cifar-10',
  title: 'CIFAR-10',
  archive: 'cifar-10-binary.tar.gz',
  folder: 'cifar-10-batches-bin',
  files: { train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`), test: ['test_batch.bin'] },
  classesFile: 'batches.meta.txt',
  classes: 10,
  labelBytes: 1,
  normalization: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
};

/** Finds CIFAR-10; it is never downloaded. Throws `DATA_NOT_FOUND` with the folders looked in. */
export const cifar10 = (location: DatasetLocation = {}): Promise<ImageDataset> => cifar(cifar10Layout, location);
