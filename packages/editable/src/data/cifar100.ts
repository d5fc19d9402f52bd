/** CIFAR-100: 50,000 and 10,000 pictures of a hundred classes, 600 a class; the twenty coarse labels are not read. */
import { type CifarLayout, cifar } from './cifar.js';
import type { ImageDataset } from './image-dataset.js';
import type { DatasetLocation } from './locate.js';

const cifar100Layout: CifarLayout = {
  name: 'cifar-100',
  title: 'CIFAR-100',
  archive: 'cifar-100-binary.tar.gz',
  folder: 'cifar-100-binary',
  files: { train: ['train.bin'], test: ['test.bin'] },
  classesFile: 'fine_label_names.txt',
  classes: 100,
  labelBytes: 2,
  normalization: { mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] },
};

/** Finds CIFAR-100; it is never downloaded. Throws `DATA_NOT_FOUND` with the folders looked in. */
export const cifar100 = (location: DatasetLocation = {}): Promise<ImageDataset> => cifar(cifar100Layout, location);
