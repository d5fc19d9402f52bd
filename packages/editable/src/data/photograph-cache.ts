/** What is known of a split of photographs from an earlier reading, kept beside its crops and by its files' sizes and times. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '@editable/torch';
import { EditableError } from '../errors.js';
import { cacheFolder } from './locate.js';
import type { ResizeAndCrop } from './photograph.js';
import type { ListedPhotograph } from './photograph-list.js';

/** What reading every photograph of a split once has shown. */
export interface Contents {
  /** SHA-256 over preprocessing and every photograph's path, label and bytes. */
  readonly hash: string;
  /** Of those that can be read. */
  readonly labels: readonly number[];
  /** Positions in the list of those that cannot; files of earlier versions do not say. */
  readonly damaged?: readonly number[];
  /** What is wrong with each of these. */
  readonly skipped: readonly string[];
}

export interface CachePlaces {
  readonly folder: string;
  readonly crops: string;
  readonly contents: string;
}

export interface CacheIdentity {
  readonly preprocessing: ResizeAndCrop;
  readonly onDamaged: 'refuse' | 'skip';
}

/** By paths, labels, sizes and times of change, without reading the photographs: 100,000 of them in a second. */
export function cachePlaces(
  folder: string,
  listed: readonly ListedPhotograph[],
  { preprocessing, onDamaged }: CacheIdentity,
): CachePlaces {
  const { resize, crop } = preprocessing;
  const hash = createHash('sha256').update(JSON.stringify([1, folder, resize, crop, onDamaged]));
  for (const { path, label } of listed) {
    const { size, mtimeMs } = statSync(join(folder, path));
    hash.update(JSON.stringify([path, label, size, mtimeMs]));
  }
  const cache = cacheFolder('photographs');
  const name = join(cache, hash.digest('hex').slice(0, 32));
  return { folder: cache, crops: `${name}.crops`, contents: `${name}.json` };
}

/** Undefined where nothing is known, or what is kept was damaged. */
export function knownContents({ contents }: CachePlaces): Contents | undefined {
  if (!existsSync(contents)) return undefined;
  try {
    const known = JSON.parse(readFileSync(contents, 'utf8')) as Contents;
    return known.damaged === undefined && known.skipped.length > 0 ? undefined : known;
  } catch {
    return undefined;
  }
}

export function keepContents({ contents }: CachePlaces, known: Contents): void {
  writeFileAtomically(contents, JSON.stringify(known));
}

/** Whether a file holds as many crops as photographs can be read. */
export const hasCrops = ({ crops }: CachePlaces, { labels }: Contents, bytesOfEach: number): boolean =>
  existsSync(crops) && statSync(crops).size === labels.length * bytesOfEach;

/** Runs what writes into the cache. @throws EditableError INVALID_FILE where that is not possible */
export async function inCache<Result>({ folder }: CachePlaces, work: () => Promise<Result>): Promise<Result> {
  try {
    mkdirSync(folder, { recursive: true });
    return await work();
  } catch (cause) {
    if (cause instanceof EditableError) throw cause;
    throw new EditableError(
      'INVALID_FILE',
      `Cannot keep decoded photographs in ${folder}: ${(cause as Error).message}; name a place with room for them by XDG_CACHE_HOME.`,
      { cause },
    );
  }
}
