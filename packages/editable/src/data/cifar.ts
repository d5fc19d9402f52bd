/** The CIFAR sets (Krizhevsky, 2009) in their official binary layout: records of label bytes and 3×32×32 pixel bytes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EditableError } from '../errors.js';
import type { DatasetName } from './dataset-names.js';
import { type ImageDataset, type ImageSplit, imageSplit, type SplitName } from './image-dataset.js';
import type { ImageShape } from './image-shape.js';
import { lazySplits } from './lazy-splits.js';
import { type DatasetLocation, firstFolderWith, searchFolders } from './locate.js';
import type { Normalization } from './normalization.js';
import { readFileBytes } from './read-file.js';

const shape: ImageShape = [3, 32, 32];
const imageBytes = 3 * 32 * 32;
// An official batch is 150 MB at most; the limit only stops a wrong file from filling the memory.
const maxBytes = 2 ** 30;

/** What one of the sets is. */
export interface CifarLayout {
  readonly name: DatasetName;
  /** For people. */
  readonly title: string;
  /** The archive that it comes in, and the folder in that. */
  readonly archive: string;
  readonly folder: string;
  readonly files: Readonly<Record<SplitName, readonly string[]>>;
  /** The file of class names, one a line, and how many there are. */
  readonly classesFile: string;
  readonly classes: number;
  /** Label bytes before the pixels; the last of them is the class. */
  readonly labelBytes: number;
  readonly normalization: Normalization;
}

/** Finds one of the sets; it is never downloaded. Throws `DATA_NOT_FOUND` with the folders looked in. */
export async function cifar(layout: CifarLayout, location: DatasetLocation = {}): Promise<ImageDataset> {
  const { name, files } = layout;
  const folders = searchFolders(location, [name, layout.folder, join(name, layout.folder)]);
  const folder = firstFolderWith([...files.train, ...files.test], folders);
  if (folder === undefined) throw notFound(layout, folders);
  return {
    name,
    folder,
    classes: readClasses(layout, join(folder, layout.classesFile)),
    shape,
    normalization: layout.normalization,
    augmentation: { padding: 4, flip: true },
    split: lazySplits((which) => readSplit(layout, folder, which)),
  };
}

export interface CifarRecords {
  readonly labels: Uint8Array;
  /** [N, 3, 32, 32] */
  readonly pixels: Uint8Array;
}

/** Parses the records of one file; `path` is for the error. Throws `INVALID_FILE`. */
export function parseCifarBatch(
  bytes: Uint8Array,
  {
    title,
    labelBytes,
    classes,
    path,
  }: Pick<CifarLayout, 'title' | 'labelBytes' | 'classes'> & { readonly path: string },
): CifarRecords {
  const recordBytes = labelBytes + imageBytes;
  const count = bytes.length / recordBytes;
  if (count === 0 || !Number.isInteger(count)) {
    throw new EditableError(
      'INVALID_FILE',
      `Expected ${path} to be a ${title} batch of whole records of ${recordBytes} bytes; it has ${bytes.length} bytes.`,
    );
  }
  const labels = new Uint8Array(count);
  const pixels = new Uint8Array(count * imageBytes);
  for (let record = 0; record < count; record++) {
    const start = record * recordBytes + labelBytes;
    const label = bytes[start - 1]!;
    labels[record] = label;
    if (label >= classes) {
      throw new EditableError(
        'INVALID_FILE',
        `Expected labels from 0 to ${classes - 1} in ${path}; record ${record} has ${label}. Is it a file of ${title}?`,
      );
    }
    pixels.set(bytes.subarray(start, start + imageBytes), record * imageBytes);
  }
  return { labels, pixels };
}

function readSplit(layout: CifarLayout, folder: string, which: SplitName): ImageSplit {
  const parts = layout.files[which].map((file) => {
    const path = join(folder, file);
    if (!existsSync(path)) {
      throw new EditableError('DATA_NOT_FOUND', `${folder} has other files of ${layout.title} but not ${file}.`);
    }
    return parseCifarBatch(readFileBytes(path, { maxBytes }), { ...layout, path });
  });
  return imageSplit(
    concatenate(parts.map((part) => part.pixels)),
    concatenate(parts.map((part) => part.labels)),
    shape,
  );
}

function readClasses({ classes: count }: CifarLayout, path: string): string[] {
  const text = Buffer.from(readFileBytes(path, { maxBytes: 2 ** 16 })).toString('utf8');
  const names = text.split('\n').map((line) => line.trim());
  const classes = names.filter((name) => name !== '');
  if (classes.length !== count || !classes.every((name) => /^[\p{L}\p{N} ._-]{1,64}$/u.test(name))) {
    throw new EditableError(
      'INVALID_FILE',
      `Expected ${path} to name ${count} classes, one a line; it has ${classes.length} lines of text, or they are no names.`,
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

function notFound({ title, archive }: CifarLayout, folders: readonly string[]): EditableError {
  const looked = folders.length > 0 ? `is not in ${folders.join(', ')}` : 'has no folder to be looked for in';
  return new EditableError(
    'DATA_NOT_FOUND',
    `${title} ${looked}. Unpack ${archive} (https://www.cs.toronto.edu/~kriz/cifar.html) and name its folder with --data-dir or EDITABLE_DATA.`,
  );
}
