/** Reads every photograph of a list once, by worker threads: what it is known by, and what is wrong with the damaged ones. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { EditableError } from '../errors.js';
import type { ResizeAndCrop } from './photograph.js';
import type { Contents } from './photograph-cache.js';
import type { ListedPhotograph } from './photograph-list.js';
import type { WantedCrops } from './photograph-work.js';
import type { PhotographWorkers } from './photograph-workers.js';
import { ReadAhead } from './read-ahead.js';

export interface ReadOptions {
  readonly preprocessing: ResizeAndCrop;
  /** What becomes of a split in which some photographs cannot be read. */
  readonly onDamaged: 'refuse' | 'skip';
  readonly workers: PhotographWorkers;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Takes the crop of each that can be read, in their order; left out: they are decoded only. */
  readonly write?: (pixels: Uint8Array) => Promise<void>;
}

/** So many crops are in memory at once, and as many again are being made: 64, or what 32 MiB hold. */
const groupOf = ({ crop }: ResizeAndCrop): number => Math.max(4, Math.min(64, Math.floor(2 ** 25 / (3 * crop * crop))));

/** @throws EditableError INVALID_FILE naming the first damaged photograph and how many there are */
export async function readPhotographs(
  folder: string,
  listed: readonly ListedPhotograph[],
  { preprocessing, onDamaged, workers, onProgress, write }: ReadOptions,
): Promise<Contents> {
  const { resize, crop } = preprocessing;
  const crops: WantedCrops = write === undefined ? { kind: 'nothing' } : { kind: 'centre', preprocessing };
  const hash = createHash('sha256').update(JSON.stringify({ resize, crop }));
  const [labels, damaged, skipped]: [number[], number[], string[]] = [[], [], []];
  const atOnce = groupOf(preprocessing);
  const groups = Math.ceil(listed.length / atOnce);
  const groupAt = (group: number): readonly ListedPhotograph[] => listed.slice(group * atOnce, (group + 1) * atOnce);
  const ahead = new ReadAhead(
    (group) =>
      workers.read(
        groupAt(group).map(({ path }) => join(folder, path)),
        { crops, hash: true },
      ),
    { ahead: 1, end: groups },
  );
  for (let group = 0; group < groups; group++) {
    const results = await ahead.at(group);
    for (const [i, { path, label }] of groupAt(group).entries()) {
      const { problem, pixels, hash: own } = results[i]!;
      if (problem !== undefined) {
        damaged.push(group * atOnce + i);
        skipped.push(problem);
        continue;
      }
      hash.update(JSON.stringify([path, label, own]));
      labels.push(label);
      await write?.(pixels as Uint8Array);
    }
    onProgress?.(Math.min((group + 1) * atOnce, listed.length), listed.length);
  }
  if (labels.length === 0 || (skipped.length > 0 && onDamaged === 'refuse'))
    throw refusal(folder, listed.length, skipped);
  return { hash: hash.digest('hex'), labels, damaged, skipped };
}

const refusal = (folder: string, count: number, problems: readonly string[]): EditableError =>
  new EditableError(
    'INVALID_FILE',
    `${problems.length} of ${count} photographs in ${folder} cannot be read; ${problems[0]} Repair or remove them, or have them skipped (onDamaged: 'skip', --on-damaged skip).`,
  );
