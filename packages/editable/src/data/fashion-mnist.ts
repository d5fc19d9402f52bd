/** Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): 60,000 + 10,000 grey images of clothing, 28×28, as four IDX files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EditableError } from '../errors.js';
import { download } from './download.js';
import { readIdx } from './idx.js';
import { type ImageDataset, type ImageSplit, imageSplit, type SplitName } from './image-dataset.js';
import type { ImageShape } from './image-shape.js';
import { lazySplits } from './lazy-splits.js';
import { cacheFolder, type DatasetLocation, firstFolderWith, searchFolders } from './locate.js';

// Where Debian's package dataset-fashion-mnist installs it.
const debianFolder = '/usr/share/datasets/fashion-mnist';

const officialPlaces = [
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
  'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
];

const officialMd5: Readonly<Record<string, string>> = {
  'train-images-idx3-ubyte.gz': '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
  'train-labels-idx1-ubyte.gz': '25c81989df183df01b3e8a0aad5dffbe',
  't10k-images-idx3-ubyte.gz': 'bef4ecab320f06d8554ea6380940ec79',
  't10k-labels-idx1-ubyte.gz': 'bb300cfdad3c16e7a12a480ee83cd310',
};

const classes = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const;

const shape: ImageShape = [1, 28, 28];

/** Finds Fashion-MNIST, downloading it once where it is nowhere on this machine. */
export async function fashionMnist(location: DatasetLocation = {}): Promise<ImageDataset> {
  const folders = [...searchFolders(location, ['fashion-mnist']), debianFolder];
  const folder = firstFolderWith(fileNames(), folders) ?? (await downloadedFolder(folders));
  return {
    name: 'fashion-mnist',
    folder,
    classes,
    shape,
    normalization: { mean: [0.286], std: [0.353] },
    augmentation: { padding: 2, flip: true },
    split: lazySplits((which) => readSplit(folder, which)),
  };
}

/** Downloads the four official files into `folder`, those not yet there; returns the folder. */
export async function downloadFashionMnist(
  folder: string,
  places: readonly string[] = officialPlaces,
): Promise<string> {
  for (const [file, md5] of Object.entries(officialMd5)) {
    const path = join(folder, file);
    if (!existsSync(path)) await download(path, { urls: places.map((place) => place + file), md5 });
  }
  return folder;
}

async function downloadedFolder(searched: readonly string[]): Promise<string> {
  try {
    return await downloadFashionMnist(cacheFolder('fashion-mnist'));
  } catch (cause) {
    throw new EditableError(
      'DATA_NOT_FOUND',
      `Fashion-MNIST is not in ${searched.join(', ')}, and downloading it failed. Install it (Debian: apt-get install dataset-fashion-mnist) or name its folder with --data-dir or EDITABLE_DATA. ${(cause as Error).message}`,
      { cause },
    );
  }
}

function readSplit(folder: string, which: SplitName): ImageSplit {
  const prefix = which === 'train' ? 'train' : 't10k';
  const imagesPath = existingFile(folder, `${prefix}-images-idx3-ubyte`);
  const labelsPath = existingFile(folder, `${prefix}-labels-idx1-ubyte`);
  const images = readIdx(imagesPath, { rank: 3 });
  const labels = readIdx(labelsPath, { rank: 1 });
  const [count, height, width] = images.dimensions;
  if (height !== shape[1] || width !== shape[2]) {
    throw new EditableError(
      'INVALID_FILE',
      `Expected ${imagesPath} to hold images of 28×28; they are ${height}×${width}.`,
    );
  }
  if (labels.data.length !== count) {
    throw new EditableError(
      'INVALID_FILE',
      `Expected a label for each of the ${count} images of ${imagesPath}; ${labelsPath} has ${labels.data.length}.`,
    );
  }
  const foreign = labels.data.findIndex((label) => label >= classes.length);
  if (foreign >= 0) {
    throw new EditableError(
      'INVALID_FILE',
      `Expected labels from 0 to ${classes.length - 1} in ${labelsPath}; label ${foreign} is ${labels.data[foreign]}.`,
    );
  }
  return imageSplit(images.data, labels.data, shape);
}

function existingFile(folder: string, name: string): string {
  const path = [name, `${name}.gz`].map((file) => join(folder, file)).find((candidate) => existsSync(candidate));
  if (path) return path;
  throw new EditableError(
    'DATA_NOT_FOUND',
    `${folder} has other files of Fashion-MNIST but neither ${name} nor ${name}.gz.`,
  );
}

function fileNames(): string[] {
  return Object.keys(officialMd5).flatMap((file) => [file, file.replace(/\.gz$/, '')]);
}
