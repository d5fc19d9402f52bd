/** Parts of an evaluation that were measured apart, put together to what one process would have measured. */
import { EditableError } from '../errors.js';
import { JsonLines } from '../runs/json-lines.js';
import { rangeOf, type Share } from '../sharing/share.js';
import type { EditRecord } from './records.js';

/** What two shards must share to be parts of one evaluation, and which part each is. */
export const shardKey = (evaluation: string, { rank, size }: Share, edits: number): string =>
  `${evaluation} ${rank}/${size} of ${edits}`;

interface Shard<Record> {
  readonly path: string;
  readonly evaluation: string;
  readonly share: Share;
  readonly edits: number;
  readonly records: readonly Record[];
}

export interface MergedShards<Record extends object = EditRecord> {
  /** As `RecordsFile` identifies the whole evaluation. */
  readonly evaluation: string;
  readonly records: readonly Record[];
}

/**
 * The records of all shards in the order of their edits.
 *
 * @throws EditableError INVALID_FILE where a shard is missing, not finished, or of another evaluation
 */
export function mergeShards<Record extends object = EditRecord>(paths: readonly string[]): MergedShards<Record> {
  const shards = paths.map((path) => readShard<Record>(path)).sort((a, b) => a.share.rank - b.share.rank);
  const [first] = shards;
  if (first === undefined)
    throw new EditableError('INVALID_FILE', 'merge: expected shards of an evaluation, found none.');
  for (const shard of shards) requireSame(first, shard);
  const { evaluation, edits } = first;
  const { size } = first.share;
  for (let rank = 0; rank < size; rank++) {
    const shard = shards[rank];
    if (shard?.share.rank !== rank) {
      throw new EditableError(
        'INVALID_FILE',
        `merge: shard ${rank}/${size} is missing; run evaluate --shard ${rank}/${size}.`,
      );
    }
    const [from, to] = rangeOf(edits, shard.share);
    if (shard.records.length < to - from) {
      throw new EditableError(
        'INVALID_FILE',
        `${shard.path} has ${shard.records.length} of its ${to - from} edits; run evaluate --shard ${rank}/${size} again, which continues.`,
      );
    }
  }
  return { evaluation, records: shards.flatMap(({ records }) => records) };
}

/** Writes records as one process would have left them. */
export function writeRecords<Record extends object>(path: string, { evaluation, records }: MergedShards<Record>): void {
  new JsonLines<unknown>(path).write([{ evaluation }, ...records]);
}

function readShard<Record>(path: string): Shard<Record> {
  const [header, ...records] = new JsonLines<{ readonly evaluation?: string }>(path).read();
  const [, evaluation, rank, size, edits] = /^(\w+) (\d+)\/(\d+) of (\d+)$/.exec(header?.evaluation ?? '') ?? [];
  if (evaluation === undefined) {
    throw new EditableError('INVALID_FILE', `${path} is not a shard of an evaluation; evaluate --shard writes them.`);
  }
  const share = { rank: Number(rank), size: Number(size) };
  return { path, evaluation, share, edits: Number(edits), records: records as unknown as Record[] };
}

function requireSame(first: Shard<unknown>, other: Shard<unknown>): void {
  const { evaluation, edits, share } = first;
  if (other.evaluation === evaluation && other.edits === edits && other.share.size === share.size) return;
  throw new EditableError(
    'INVALID_FILE',
    `${other.path} is of another evaluation than ${first.path}: another model, other data or other settings; merge shards of one.`,
  );
}
