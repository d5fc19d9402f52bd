/** Evaluations that processes of a group or independent jobs share: where each one's records lie, and how they become one. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exchange, type ProcessGroup, readFileOrExplain } from '@editable/torch';
import { agreeOn, JsonLines, type MergedShards, mergeShards, type Share, writeJson, writeRecords } from 'editable';
import { WorkspaceError } from '../errors.js';
import { jobFiles } from '../runs/run-files.js';

/** Of a shard's records and document, beside those of the whole evaluation. */
export const shardName = (name: string, { rank, size }: Share): string => `${name}-shard-${rank}-of-${size}`;

/** Everybody's records, in the order of the edits. */
export function gatherRecords<Record extends object>(
  group: ProcessGroup,
  recordsFile: string,
  records: readonly Record[],
): MergedShards<Record> {
  const [header] = new JsonLines<{ readonly evaluation: string }>(recordsFile).read();
  const evaluation = (header?.evaluation ?? '').replace(/ .*$/, '');
  agreeOn(group, { 'test data': evaluation });
  const all = exchange(group, JSON.stringify(records)).map((text) => JSON.parse(text) as Record[]);
  return { evaluation, records: all.flat() };
}

/** Whether a run has shards of evaluations. */
export const hasEvaluationShards = (runFolder: string): boolean => shardsOf(runFolder).size > 0;

/** Files of shards, by the name of the whole evaluation. */
function shardsOf(runFolder: string): ReadonlyMap<string, readonly string[]> {
  const folder = join(runFolder, jobFiles.evaluations);
  const shards = new Map<string, string[]>();
  for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
    const name = /^(.+)-shard-\d+-of-\d+\.jsonl$/.exec(file)?.[1];
    if (name !== undefined) shards.set(name, [...(shards.get(name) ?? []), join(folder, file)]);
  }
  return shards;
}

/** What is common to documents of both tasks. */
interface ShardDocument {
  readonly seconds: number;
  readonly recordsFile: string;
}

/**
 * Evaluations of a run whose shards are all there, put together; what one process would have left is written beside them.
 *
 * @param summary the figures of all records, from a shard's document and the time of all
 */
export function mergeEvaluationsBy<Document extends ShardDocument, Record extends object>(
  runFolder: string,
  summary: (shard: Document, records: readonly Record[]) => Partial<Document>,
): Document[] {
  const shards = shardsOf(runFolder);
  if (shards.size === 0) {
    throw new WorkspaceError(
      'NOT_FOUND',
      `${runFolder} holds no shards of an evaluation; evaluate --shard 0/4 and so on writes them.`,
    );
  }
  return [...shards].map(([name, files]) => {
    const merged = mergeShards<Record>(files);
    const documents = files.map((file) => readDocument<Document>(file.replace(/l$/, '')));
    const [first] = documents as [Document];
    const seconds = documents.reduce((sum, each) => sum + each.seconds, 0);
    const whole = join(runFolder, jobFiles.evaluations, `${name}.jsonl`);
    const document = { ...first, ...summary({ ...first, seconds }, merged.records), seconds, recordsFile: whole };
    writeRecords(whole, merged);
    writeJson(whole.replace(/l$/, ''), document);
    return document;
  });
}

const readDocument = <Document>(path: string): Document =>
  JSON.parse(new TextDecoder().decode(readFileOrExplain(path))) as Document;
