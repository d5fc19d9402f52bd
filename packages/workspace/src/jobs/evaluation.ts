/** N edits of a run's model judged on the test split; the records stay with the run, so a killed evaluation continues. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import {
  agreeOn,
  type CurvatureOf,
  canonicalChoice,
  type EditorChoice,
  type EditRecord,
  type EditTargets,
  type Evaluation,
  evaluate,
  evaluationOf,
  type ImageDataset,
  makeRunFolder,
  modelHash,
  type Run,
  removeFile,
  type Sharing,
  writeJson,
  writeRecords,
} from 'editable';
import { type JobOptions, tell } from '../job-events.js';
import type { OpenedModel } from '../runs/open-model.js';
import { jobFiles } from '../runs/run-files.js';
import { gatherRecords, mergeEvaluationsBy, shardName } from './evaluation-shards.js';

/** `group`: rank 0 keeps what all found, as one process would. `share`: kept beside the others' for `mergeEvaluations`. */
export interface EvaluationSettings extends Sharing {
  readonly editor: EditorChoice;
  /** For the natural editor; left out: computed from training images. */
  readonly curvature?: CurvatureOf | undefined;
  readonly edits: number;
  readonly testImages: number | undefined;
  /** Half-width of the 95 % interval of mean drawdown to sample for; left out: exactly. */
  readonly precision?: number | undefined;
  readonly seed: number;
  readonly targets: EditTargets;
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
  const merged = gatherRecords(group, recordsFile, own.records);
  const { records, ...summary } = { ...own, ...evaluationOf(merged.records, own) };
  const document = { ...summary, ...identity, recordsFile: whole };
  if (group.rank === 0) {
    writeRecords(whole, merged);
    writeJson(join(folder, `${name}.json`), document);
  }
  removeFile(recordsFile);
  return { document, records };
}

/** Evaluations of a run whose shards are all there, put together to what one process would have left. */
export const mergeEvaluations = (runFolder: string): EvaluationDocument[] =>
  mergeEvaluationsBy<EvaluationDocument, EditRecord>(runFolder, (shard, all) => {
    const { records: _, ...summary } = evaluationOf(all, shard);
    return summary;
  });

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
