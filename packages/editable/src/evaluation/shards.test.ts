import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rangeOf } from '../sharing/share.js';
import { mergeShards, shardKey, writeRecords } from './shards.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'editable-shards-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const records = Array.from({ length: 10 }, (_, index) => ({ index, drawdown: index / 7 }));

function shard(rank: number, size: number, { key = 'abc', edits = 10, left = 0 } = {}): string {
  const path = join(folder, `${rank}.jsonl`);
  const [from, to] = rangeOf(edits, { rank, size });
  const lines = [{ evaluation: shardKey(key, { rank, size }, edits) }, ...records.slice(from, to - left)];
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

describe('mergeShards', () => {
  it.each([1, 3, 4, 16])('puts %i shards, in any order, together to what one process writes', (size) => {
    const paths = Array.from({ length: size }, (_, rank) => shard(rank, size)).reverse();
    const file = join(folder, 'whole.jsonl');
    writeRecords(file, mergeShards(paths));
    const lines = [{ evaluation: 'abc' }, ...records];
    expect(readFileSync(file, 'utf8')).toBe(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  });

  it('says which shard is missing, not finished, or of something else', () => {
    const [first, second, third] = [shard(0, 3), shard(1, 3), shard(2, 3)];
    expect(() => mergeShards([])).toThrow('expected shards of an evaluation, found none');
    expect(() => mergeShards([first, third])).toThrow('shard 1/3 is missing; run evaluate --shard 1/3.');
    expect(() => mergeShards([first, second, shard(2, 3, { left: 2 })])).toThrow(
      'has 2 of its 4 edits; run evaluate --shard 2/3',
    );
    expect(() => mergeShards([first, second, shard(2, 3, { key: 'other' })])).toThrow('is of another evaluation than');
    expect(() => mergeShards([first, second, shard(2, 3, { edits: 12 })])).toThrow('is of another evaluation than');
    writeFileSync(third, '{"evaluation":"abc"}\n');
    expect(() => mergeShards([first, second, third])).toThrow('is not a shard of an evaluation');
  });
});
