/**
 * A split of photographs. Their crops lie one after another in a file of the cache, from which each is read when it is asked
 * for; or, where the split is read on demand, each is decoded from its own file every time. Memory stays that of a batch
 * either way. Photographs are read again as a whole where their sizes or times have changed since.
 */
import { openSync, readSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryBeside } from '@editable/torch';
import { EditableError } from '../errors.js';
import { checkIndex, type ImageSplit, type PhotographFiles } from './image-dataset.js';
import type { ImageShape } from './image-shape.js';
import type { ResizeAndCrop } from './photograph.js';
import {
  type CachePlaces,
  type Contents,
  cachePlaces,
  hasCrops,
  inCache,
  keepContents,
  knownContents,
} from './photograph-cache.js';
import type { ListedPhotograph } from './photograph-list.js';
import type { PhotographWorkers } from './photograph-workers.js';
import { type ReadOptions, readPhotographs } from './read-photographs.js';

export interface OpenOptions extends Omit<ReadOptions, 'write'> {
  /** Decode each photograph whenever it is asked for, and keep no crops. */
  readonly onDemand: boolean;
}

export interface OpenedPhotographs {
  readonly split: ImageSplit;
  /** What is wrong with each photograph that was skipped. */
  readonly skipped: readonly string[];
}

/** Of one split's crops on disk: 114,000 of 224 × 224. A larger one is read on demand. */
const maxBytes = 16 * 2 ** 30;

/** @throws EditableError INVALID_FILE naming the first damaged photograph and how many there are */
export async function openPhotographs(
  folder: string,
  listed: readonly ListedPhotograph[],
  options: OpenOptions,
): Promise<OpenedPhotographs> {
  const shape: ImageShape = [3, options.preprocessing.crop, options.preprocessing.crop];
  const onDemand = options.onDemand || listed.length * bytesOf(shape) > maxBytes;
  const places = cachePlaces(folder, listed, options);
  const contents = onDemand
    ? (knownContents(places) ?? (await checkAll(folder, listed, options, places)))
    : (decodedBefore(places, shape) ?? (await decodeAll(folder, listed, options, places)));
  const paths = pathsOf(folder, listed, contents);
  const image = onDemand ? fromFiles(paths, options) : fromCrops(places.crops, bytesOf(shape));
  const split: ImageSplit = {
    shape,
    length: paths.length,
    labels: Int32Array.from(contents.labels),
    hash: contents.hash,
    files: filesAt(paths, options),
    image: (index) => {
      checkIndex('image', index, paths.length);
      return image(index);
    },
  };
  return { split, skipped: contents.skipped };
}

function decodedBefore(places: CachePlaces, shape: ImageShape): Contents | undefined {
  const known = knownContents(places);
  return known !== undefined && hasCrops(places, known, bytesOf(shape)) ? known : undefined;
}

const checkAll = (
  folder: string,
  listed: readonly ListedPhotograph[],
  options: ReadOptions,
  places: CachePlaces,
): Promise<Contents> =>
  inCache(places, async () => {
    const contents = await readPhotographs(folder, listed, options);
    keepContents(places, contents);
    return contents;
  });

const decodeAll = (
  folder: string,
  listed: readonly ListedPhotograph[],
  options: ReadOptions,
  places: CachePlaces,
): Promise<Contents> =>
  inCache(places, async () => {
    const partial = temporaryBeside(places.crops);
    try {
      const file = await open(partial, 'w');
      const write = (pixels: Uint8Array): Promise<void> => file.writeFile(pixels);
      const contents = await readPhotographs(folder, listed, { ...options, write }).finally(() => file.close());
      renameSync(partial, places.crops);
      keepContents(places, contents);
      return contents;
    } finally {
      rmSync(partial, { force: true });
    }
  });

function pathsOf(folder: string, listed: readonly ListedPhotograph[], { damaged = [] }: Contents): readonly string[] {
  const left = new Set(damaged);
  return listed.flatMap(({ path }, i) => (left.has(i) ? [] : [join(folder, path)]));
}

/** The file stays open, so that it can be read even where the cache is emptied meanwhile. */
function fromCrops(crops: string, size: number): (index: number) => Uint8Array {
  const file = openSync(crops, 'r');
  return (index) => {
    const pixels = new Uint8Array(size);
    if (readSync(file, pixels, 0, size, index * size) === size) return pixels;
    throw new EditableError('INVALID_FILE', `${crops} was cut off while it was in use; run the command again.`);
  };
}

interface Reading {
  readonly preprocessing: ResizeAndCrop;
  readonly workers: PhotographWorkers;
}

const fromFiles =
  (paths: readonly string[], { preprocessing, workers }: Reading) =>
  (index: number): Uint8Array => {
    const { pixels, problem } = workers.readNow(paths[index] as string, { crops: { kind: 'centre', preprocessing } });
    return pixels ?? changed(problem);
  };

const filesAt = (paths: readonly string[], { preprocessing, workers }: Reading): PhotographFiles => ({
  randomCrops: async (indices, crop, states) => {
    const results = await workers.read(
      Array.from(indices, (index) => {
        checkIndex('randomCrops', index, paths.length);
        return paths[index] as string;
      }),
      { crops: { kind: 'random', crop, side: preprocessing.crop, states } },
    );
    return results.map(({ pixels, problem }) => pixels ?? changed(problem));
  },
});

function changed(problem = 'A photograph cannot be read.'): never {
  throw new EditableError('INVALID_FILE', `${problem} It could be read when its folder was opened: put it back.`);
}

const bytesOf = ([channels, height, width]: ImageShape): number => channels * height * width;
