/** Rows shared by jobs that need not meet: each works in a folder of its own, so that none writes where another does. */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { placeInGroup } from '@editable/torch';
import { makeRunFolder, type Share } from 'editable';
import { ExperimentError } from './experiment-error.js';

/** What all rows start from, where it is there: the plain model, and trials that were made with it. */
const common = ['plain', 'trials.jsonl'] as const;

const shardName = /^shard-\d+-of-\d+$/;

/** `3/16`, or which of a launcher's processes this one is; neither: all rows are measured here. @throws ExperimentError */
export function shareNamed(text: string | undefined): Share | undefined {
  if (text === undefined) {
    const place = placeInGroup();
    return place && { rank: place.rank, size: place.worldSize };
  }
  const [rank = 0, size = 0] = /^\d+\/\d+$/.test(text) ? text.split('/').map(Number) : [];
  if (rank < size) return { rank, size };
  throw new ExperimentError(`--shard: expected a shard and how many there are, 0/4 to 3/4, received "${text}".`);
}

/** A shard's own folder in the work folder of all. */
export function openShard(work: string, { rank, size }: Share): string {
  const own = join(work, `shard-${rank}-of-${size}`);
  makeRunFolder(own);
  copyCommon(work, own);
  return own;
}

/** The shards' folders, whose rows count as this one's; the plain model is theirs where there was none. */
export function gatherShards(work: string): readonly string[] {
  const names = existsSync(work) ? readdirSync(work).filter((name) => shardName.test(name)) : [];
  const shards = names.sort().map((name) => join(work, name));
  for (const shard of shards) copyCommon(shard, work);
  return shards;
}

function copyCommon(from: string, to: string): void {
  for (const name of common) {
    if (existsSync(join(from, name)) && !existsSync(join(to, name)))
      cpSync(join(from, name), join(to, name), { recursive: true });
  }
}
