/** CIFAR-10 (Krizhevsky, 2009) in its official binary layout: records of one label byte and 3×32×32 pixel bytes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EditableError } from '../errors.js';
import { type ImageDataset, type ImageSplit, imageSplit, type SplitName } from './image-dataset.js';
import type { ImageShape } from './image-shape.js';
import { lazySplits } from './lazy-splits.js';
import { type DatasetLocation, firstFolderWith, searchFolders } from './locate.js';
import { readFileBytes } from './read-file.js';

const shape: ImageShape = [3, 32, 32];
const imageBytes = 3 * 32 * 32;
const recordBytes = 1 + imageBytes;
const classCount = 10;
// An official batch is 30 MB; the limit only stops a wrong file from filling the memory.
const maxBytes = 2 ** 30;

const batchFiles: Readonly<Record<SplitName, readonly string[]>> = {
  train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
  test: ['test_batch.bin'],
};

/** Finds CIFAR-10; it is never downloaded. Throws `DATA_NOT_FOUND` with the folders looked in. */
export async function cifar10(location: DatasetLocation = {}): Promise<ImageDataset> {
  const folders = searchFolders(location, ['cifar-10', 'cifar-10-batches-bin', 'cifar-10/cifar-10-batches-bin']);
  const folder = firstFolderWith([...batchFiles.train, ...batchFiles.test], folders);
  if (folder === undefined) throw notFound(folders);
  return {
    name: 'cifar-10',
    folder,
    classes: readClasses(join(folder, 'batches.meta.txt')),
    shape,
    normalization: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
    augmentation: { padding: 4, flip: true },
    split: lazySplits((which) => readSplit(folder, which)),
  };
}

export interface CifarRecords {
  readonly labels: Uint8Array;
  /** [N, 3, 32, 32] */
  readonly pixels: Uint8Array;
}

/** Parses the records of one batch file; `path` is for the error. Throws `INVALID_FILE`. */
export function parseCifarBatch(bytes: Uint8Array, { path }: { path: string }): CifarRecords {
  const count = bytes.length / recordBytes;
  if (count === 0 || !Number.isInteger(count)) {
    throw new EditableError(
      'INVALID_FILE',
      `Expected ${path} to be a CIFAR-10 batch of whole records of ${recordBytes} bytes; it has ${bytes.length} bytes.`,
    );
  }
  const labels = new Uint8Array(count);
  const pixels = new Uint8Array(count * imageBytes);
  for (let record = 0; record < count; record++) {
    const start = record * recordBytes;
    labels[record] = bytes[start]!;
    if (bytes[start]! >= classCount) {
      throw new EditableError(
        'INVALID_FILE',
        `Expected labels from 0 to 9 in ${path}; record ${record} has ${bytes[start]}. CIFAR-100 and other layouts are not read.`,
      );
    }
    pixels.set(bytes.subarray(start + 1, start + recordBytes), record * imageBytes);
  }
  return { labels, pixels };
}

function readSplit(folder: string, which: SplitName): ImageSplit {
  const parts = batchFiles[which].map((file) => {
    const path = join(folder, file);
    if (!existsSync(path)) {
      throw new EditableError('DATA_NOT_FOUND', `${folder} has other files of CIFAR-10 but not ${file}.`);
    }
    return parseCifarBatch(readFileBytes(path, { maxBytes }), { path });
  });
  return imageSplit(
    concatenate(parts.map((part) => part.pixels)),
    concatenate(parts.map((part) => part.labels)),
    shape,
  );
}

function readClasses(path: string): string[] {
  const text = Buffer.from(readFileBytes(path, { maxBytes: 2 ** 16 })).toString('utf8');
  const names = text.split('\n').map((line) => line.trim());
  const classes = names.filter((name) => name !== '');
  if (classes.length !== classCount || !classes.every((name) => /^[\p{L}\p{N} ._-]{1,64}$/u.test(name))) {
    throw new EditableError(
      'INVALID_FILE',
      `Expected ${path} to name ${classCount} classes, one a line; it has ${classes.length} lines of text, or they are no names.`,
    );
  }
  return classes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function notFound(folders: readonly string[]): EditableError {
  const looked = folders.length > 0 ? `is not in ${folders.join(', ')}` : 'has no folder to be looked for in';
  return new EditableError(
    'DATA_NOT_FOUND',
    `CIFAR-10 ${looked}. Unpack cifar-10-binary.tar.gz (https://www.cs.toronto.edu/~kriz/cifar.html) and name its folder with --data-dir or EDITABLE_DATA.`,
  );
}
