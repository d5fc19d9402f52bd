/** N edits of a run's model judged on the test split; the records stay with the run, so a killed evaluation continues. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exchange, type ProcessGroup, readFileOrExplain } from '@editable/torch';
import {
  agreeOn,
  type CurvatureOf,
  canonicalChoice,
  type EditorChoice,
  type EditTargets,
  type Evaluation,
  evaluate,
  evaluationOf,
  type ImageDataset,
  JsonLines,
  type MergedShards,
  makeRunFolder,
  mergeShards,
  modelHash,
  type Run,
  removeFile,
  type Share,
  writeJson,
  writeRecords,
} from 'editable';
import { WorkspaceError } from '../errors.js';
import { type JobOptions, tell } from '../job-events.js';
import type { OpenedModel } from '../runs/open-model.js';
import { jobFiles } from '../runs/run-files.js';

export interface EvaluationSettings {
  readonly editor: EditorChoice;
  /** For the natural editor; left out: computed from training images. */
  readonly curvature?: CurvatureOf | undefined;
  readonly edits: number;
  readonly testImages: number | undefined;
  /** Half-width of the 95 % interval of mean drawdown to sample for; left out: exactly. */
  readonly precision?: number | undefined;
  readonly seed: number;
  readonly targets: EditTargets;
  /** Only this share of the edits, kept beside the others' for `mergeEvaluations`. */
  readonly share?: Share | undefined;
  /** Processes that share the edits; rank 0 keeps what they all found, as one process would. */
  readonly group?: ProcessGroup | undefined;
}

/** What `evaluate --json` prints and the run keeps. */
export interface EvaluationDocument extends Omit<Evaluation, 'records'> {
  readonly run: string;
  readonly patches: readonly string[];
  /** JSON lines, one an edit after a first line that identifies the evaluation. */
  readonly recordsFile: string;
}

export interface EvaluationResult {
  readonly document: EvaluationDocument;
  readonly records: Evaluation['records'];
}

/** Drawdown, success, steps and generality of a run's edits; records of an interrupted evaluation are used again. */
export async function evaluateRun(
  { run, dataset, model, patches, device }: OpenedModel,
  settings: EvaluationSettings,
  job: JobOptions = {},
): Promise<EvaluationResult> {
  const { testImages, precision, group, share = group, ...rest } = settings;
  const folder = join(run.folder, jobFiles.evaluations);
  const name = fileName(
    settings,
    patches.map(({ resultHash }) => resultHash),
    otherPictures(run, dataset),
  );
  const whole = join(folder, `${name}.jsonl`);
  const part = share === undefined ? name : shardName(name, share);
  const recordsFile = join(folder, `${part}.jsonl`);
  makeRunFolder(folder);
  if (group !== undefined) agreeOn(group, { evaluation: name, model: modelHash(model) });
  const own = await evaluate(model, dataset, {
    ...rest,
    ...(share === undefined ? {} : { share: { rank: share.rank, size: share.size } }),
    ...(testImages === undefined ? {} : { testImages }),
    ...(precision === undefined ? {} : { precision }),
    normalization: run.config.normalization,
    reducedPrecision: true,
    device,
    recordsFile,
    onEdit: (done) => tell(job, { kind: 'edit', done, total: settings.edits }),
  });
  const identity = { run: run.folder, patches: patches.map(({ resultHash }) => resultHash) };
  if (group === undefined) {
    const { records, ...summary } = own;
    const document = { ...summary, ...identity, recordsFile };
    writeJson(join(folder, `${part}.json`), document);
    return { document, records };
  }
  const merged = gather(group, recordsFile, own.records);
  const { records, ...summary } = { ...own, ...evaluationOf(merged.records, own) };
  const document = { ...summary, ...identity, recordsFile: whole };
  if (group.rank === 0) {
    writeRecords(whole, merged);
    writeJson(join(folder, `${name}.json`), document);
  }
  removeFile(recordsFile);
  return { document, records };
}

/** Everybody's records, in the order of the edits. */
function gather(group: ProcessGroup, recordsFile: string, records: Evaluation['records']): MergedShards {
  const [header] = new JsonLines<{ readonly evaluation: string }>(recordsFile).read();
  const evaluation = (header?.evaluation ?? '').replace(/ .*$/, '');
  agreeOn(group, { 'test data': evaluation });
  const all = exchange(group, JSON.stringify(records)).map((text) => JSON.parse(text) as Evaluation['records']);
  return { evaluation, records: all.flat() };
}

const shardName = (name: string, { rank, size }: Share): string => `${name}-shard-${rank}-of-${size}`;

/** Evaluations of a run whose shards are all there, put together; what one process would have left is written beside them. */
export function mergeEvaluations(runFolder: string): EvaluationDocument[] {
  const folder = join(runFolder, jobFiles.evaluations);
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const names = files.flatMap((file) => /^(.+)-shard-\d+-of-\d+\.jsonl$/.exec(file)?.[1] ?? []);
  if (names.length === 0) {
    throw new WorkspaceError(
      'NOT_FOUND',
      `${folder} holds no shards of an evaluation; evaluate --shard 0/4 and so on writes them.`,
    );
  }
  return [...new Set(names)].map((name) => {
    const shards = files.filter((file) => file.startsWith(`${name}-shard-`) && file.endsWith('.jsonl'));
    const merged = mergeShards(shards.map((file) => join(folder, file)));
    const documents = shards.map((file) => readDocument(join(folder, file.replace(/l$/, ''))));
    const [first] = documents as [EvaluationDocument];
    const seconds = documents.reduce((sum, each) => sum + each.seconds, 0);
    const { records: _, ...summary } = { ...first, ...evaluationOf(merged.records, { ...first, seconds }) };
    const document = { ...summary, recordsFile: join(folder, `${name}.jsonl`) };
    writeRecords(document.recordsFile, merged);
    writeJson(join(folder, `${name}.json`), document);
    return document;
  });
}

const readDocument = (path: string): EvaluationDocument =>
  JSON.parse(new TextDecoder().decode(readFileOrExplain(path))) as EvaluationDocument;

/** Where they come from, if not from where the run's own do. */
function otherPictures({ config }: Run, { source, name }: ImageDataset): readonly unknown[] {
  return JSON.stringify(source ?? name) === JSON.stringify(config.dataset) ? [] : [source ?? name];
}

/** Readable, and different for different settings. */
function fileName(
  { editor, edits, testImages, precision, seed, targets }: EvaluationSettings,
  patches: readonly string[],
  pictures: readonly unknown[],
): string {
  const identity = JSON.stringify([canonicalChoice(editor), patches, ...pictures]);
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  const images = `${testImages ?? 'all'}-images${precision === undefined ? '' : `-to-${precision}`}`;
  return `${targets}-${edits}-edits-${images}-seed-${seed}-${editor.name}-${digest}`;
}
