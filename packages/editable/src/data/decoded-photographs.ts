/**
 * A split of photographs, decoded once: their crops lie one after another in a file of the cache, from which each is read
 * when it is asked for, so memory stays that of a batch. They are decoded again where the photographs' sizes or times have
 * changed since.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryBeside, writeFileAtomically } from '@editable/torch';
import { EditableError } from '../errors.js';
import { readEncodedImage } from './encoded-image.js';
import { checkIndex, type ImageSplit } from './image-dataset.js';
import type { ImageShape } from './image-shape.js';
import { cacheFolder } from './locate.js';
import { decodePhotograph, type ResizeAndCrop } from './photograph.js';
import type { ListedPhotograph } from './photograph-list.js';

export interface DecodeOptions {
  readonly preprocessing: ResizeAndCrop;
  /** What becomes of a split in which some photographs cannot be read. */
  readonly onDamaged: 'refuse' | 'skip';
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface DecodedPhotographs {
  readonly split: ImageSplit;
  /** What is wrong with each photograph that was skipped. */
  readonly skipped: readonly string[];
}

/** What is known of a file of crops, beside it. */
interface Contents {
  /** SHA-256 over preprocessing and every photograph's path, label and bytes. */
  readonly hash: string;
  readonly labels: readonly number[];
  readonly skipped: readonly string[];
}

/** Of one split on disk: 114,000 crops of 224 × 224. */
const maxBytes = 16 * 2 ** 30;
/** Decoded at once; libvips has four threads of its own for them. */
const atOnce = 8;

/** @throws EditableError INVALID_FILE naming the first damaged photograph and how many there are */
export async function decodedPhotographs(
  folder: string,
  listed: readonly ListedPhotograph[],
  options: DecodeOptions,
): Promise<DecodedPhotographs> {
  const shape = shapeOf(options.preprocessing);
  const cache = cacheFolder('photographs');
  const name = join(cache, identityOf(folder, listed, options));
  const paths = { crops: `${name}.crops`, contents: `${name}.json` };
  const contents = knownContents(paths, shape) ?? (await decodeAll(folder, listed, options, { cache, ...paths }));
  return { split: splitOf(paths.crops, contents, shape), skipped: contents.skipped };
}

/** Why a split of so many photographs is not decoded; undefined where it can be. */
export function tooMany(folder: string, count: number, preprocessing: ResizeAndCrop): EditableError | undefined {
  const most = Math.floor(maxBytes / bytesOf(shapeOf(preprocessing)));
  if (count <= most) return undefined;
  const { crop } = preprocessing;
  return new EditableError(
    'INVALID_ARGUMENT',
    `${folder}: expected at most ${most} photographs of ${crop}×${crop} in a split (16 GiB decoded), received ${count}; list fewer in a manifest.csv.`,
  );
}

/** Without reading them: by paths, labels, sizes and times of change. */
function identityOf(folder: string, listed: readonly ListedPhotograph[], options: DecodeOptions): string {
  const { resize, crop } = options.preprocessing;
  const hash = createHash('sha256').update(JSON.stringify([1, folder, resize, crop, options.onDamaged]));
  for (const { path, label } of listed) {
    const { size, mtimeMs } = statSync(join(folder, path));
    hash.update(JSON.stringify([path, label, size, mtimeMs]));
  }
  return hash.digest('hex').slice(0, 32);
}

function knownContents(
  { crops, contents }: { readonly crops: string; readonly contents: string },
  shape: ImageShape,
): Contents | undefined {
  if (!existsSync(contents) || !existsSync(crops)) return undefined;
  const known = parsed(readFileSync(contents, 'utf8'));
  return statSync(crops).size === (known?.labels.length ?? 0) * bytesOf(shape) ? known : undefined;
}

/** A cache that was damaged is made again. */
function parsed(text: string): Contents | undefined {
  try {
    return JSON.parse(text) as Contents;
  } catch {
    return undefined;
  }
}

interface Places {
  readonly cache: string;
  readonly crops: string;
  readonly contents: string;
}

async function decodeAll(
  folder: string,
  listed: readonly ListedPhotograph[],
  options: DecodeOptions,
  { cache, crops, contents }: Places,
): Promise<Contents> {
  let partial: string | undefined;
  try {
    mkdirSync(cache, { recursive: true });
    partial = temporaryBeside(crops);
    const file = await open(partial, 'w');
    const found = await writeCrops(file, folder, listed, options).finally(() => file.close());
    if (found.labels.length === 0 || (found.skipped.length > 0 && options.onDamaged === 'refuse'))
      throw damaged(folder, listed.length, found.skipped);
    renameSync(partial, crops);
    writeFileAtomically(contents, JSON.stringify(found));
    return found;
  } catch (cause) {
    if (cause instanceof EditableError) throw cause;
    throw new EditableError(
      'INVALID_FILE',
      `Cannot keep decoded photographs in ${cache}: ${(cause as Error).message}; name a place with room for them by XDG_CACHE_HOME.`,
      { cause },
    );
  } finally {
    if (partial !== undefined) rmSync(partial, { force: true });
  }
}

async function writeCrops(
  file: FileHandle,
  folder: string,
  listed: readonly ListedPhotograph[],
  { preprocessing, onProgress }: DecodeOptions,
): Promise<Contents> {
  const { resize, crop } = preprocessing;
  const hash = createHash('sha256').update(JSON.stringify({ resize, crop }));
  const labels: number[] = [];
  const skipped: string[] = [];
  for (let start = 0; start < listed.length; start += atOnce) {
    const some = listed.slice(start, start + atOnce);
    const read = await Promise.all(some.map(({ path }) => cropOf(join(folder, path), preprocessing)));
    for (const [i, { path, label }] of some.entries()) {
      const made = read[i]!;
      if (typeof made === 'string') {
        skipped.push(made);
        continue;
      }
      hash.update(JSON.stringify([path, label, made.hash]));
      labels.push(label);
      await file.writeFile(made.pixels);
    }
    onProgress?.(start + some.length, listed.length);
  }
  return { hash: hash.digest('hex'), labels, skipped };
}

/** Its pixels and the hash of its bytes, or what is wrong with it. */
async function cropOf(
  path: string,
  preprocessing: ResizeAndCrop,
): Promise<{ readonly pixels: Uint8Array; readonly hash: string } | string> {
  try {
    const bytes = readEncodedImage(path);
    const { pixels } = await decodePhotograph(bytes, preprocessing, path);
    return { pixels, hash: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    if (error instanceof EditableError && error.code === 'INVALID_FILE') return error.message;
    throw error;
  }
}

const damaged = (folder: string, count: number, problems: readonly string[]): EditableError =>
  new EditableError(
    'INVALID_FILE',
    `${problems.length} of ${count} photographs in ${folder} cannot be read; ${problems[0]} Repair or remove them, or have them skipped (onDamaged: 'skip', --on-damaged skip).`,
  );

/** The file stays open, so that it can be read even where the cache is emptied meanwhile. */
function splitOf(crops: string, { hash, labels }: Contents, shape: ImageShape): ImageSplit {
  const file = openSync(crops, 'r');
  const size = bytesOf(shape);
  return {
    shape,
    length: labels.length,
    labels: Int32Array.from(labels),
    hash,
    image: (index) => {
      checkIndex('image', index, labels.length);
      const pixels = new Uint8Array(size);
      if (readSync(file, pixels, 0, size, index * size) === size) return pixels;
      throw new EditableError('INVALID_FILE', `${crops} was cut off while it was in use; run the command again.`);
    },
  };
}

const shapeOf = ({ crop }: ResizeAndCrop): ImageShape => [3, crop, crop];

const bytesOf = ([channels, height, width]: ImageShape): number => channels * height * width;
