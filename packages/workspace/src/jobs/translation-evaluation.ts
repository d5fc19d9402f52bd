/** N edits of a translation run's model judged on the test sentences; records stay with the run, a killed one continues. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  agreeOn,
  type CurvatureOf,
  canonicalTranslationChoice,
  type EditorChoice,
  type EditTargets,
  evaluateTranslation,
  makeRunFolder,
  modelHash,
  removeFile,
  type Sharing,
  summarizeTranslation,
  type TranslationEditRecord,
  type TranslationEvaluation,
  writeJson,
  writeRecords,
} from 'editable';
import { type JobOptions, tell } from '../job-events.js';
import { type OpenedTranslator, openTranslator, sentencesOf } from '../runs/open-translator.js';
import { jobFiles } from '../runs/run-files.js';
import { gatherRecords, mergeEvaluationsBy, shardName } from './evaluation-shards.js';

/** `group` and `share`: as in `EvaluationSettings`. */
export interface TranslationEvaluationSettings extends Sharing {
  readonly editor: EditorChoice;
  readonly curvature?: CurvatureOf | undefined;
  readonly edits: number;
  /** Half-width of the 95 % interval of the mean BLEU drawdown to sample for; left out: exactly. */
  readonly precision?: number | undefined;
  readonly seed: number;
  readonly targets: EditTargets;
  /**
   * A run whose model targets and alternatives come from, so that several models meet the same edits; left out: the run that
   * this one was trained from, else this one.
   */
  readonly baseline?: string | undefined;
}

/** What `evaluate --json` prints for a run of translation, and the run keeps. */
export interface TranslationEvaluationDocument extends Omit<TranslationEvaluation, 'records'> {
  readonly run: string;
  readonly patches: readonly string[];
  readonly recordsFile: string;
}

export interface TranslationEvaluationResult {
  readonly document: TranslationEvaluationDocument;
  readonly records: TranslationEvaluation['records'];
}

/** BLEU drawdown, success, steps and generality of a run's edits; an interrupted evaluation goes on from its records. */
export async function evaluateTranslator(
  opened: OpenedTranslator,
  settings: TranslationEvaluationSettings,
  job: JobOptions = {},
): Promise<TranslationEvaluationResult> {
  const { run, translator, patches, device } = opened;
  const { edits, baseline = run.config.training?.from, group, share = group, ...rest } = settings;
  const pairs = sentencesOf(opened, 'test');
  const folder = join(run.folder, jobFiles.evaluations);
  const hashes = patches.map(({ resultHash }) => resultHash);
  const name = fileName(opened, settings, hashes);
  const whole = join(folder, `${name}.jsonl`);
  const part = share === undefined ? name : shardName(name, share);
  const recordsFile = join(folder, `${part}.jsonl`);
  makeRunFolder(folder);
  if (group !== undefined) agreeOn(group, { evaluation: name, model: modelHash(translator.model) });
  const { records: own, ...found } = await evaluateTranslation(translator, pairs, {
    ...rest,
    edits,
    ...(share === undefined ? {} : { share: { rank: share.rank, size: share.size } }),
    baseline: baseline ? openTranslator(baseline, { device }).translator : undefined,
    recordsFile,
    onTranslating: (done, total) => tell(job, { kind: 'translating', done, total }),
    onEdit: (done) => tell(job, { kind: 'edit', done, total: edits }),
  });
  const identity = { run: run.folder, patches: hashes };
  if (group === undefined) {
    const document = { ...found, ...identity, recordsFile };
    writeJson(join(folder, `${part}.json`), document);
    return { document, records: own };
  }
  const merged = gatherRecords(group, recordsFile, own);
  const document = { ...found, ...summarizeTranslation(merged.records), ...identity, recordsFile: whole };
  if (group.rank === 0) {
    writeRecords(whole, merged);
    writeJson(join(folder, `${name}.json`), document);
  }
  removeFile(recordsFile);
  return { document, records: merged.records };
}

/** Evaluations of a translation run whose shards are all there, put together to what one process would have left. */
export const mergeTranslationEvaluations = (runFolder: string): TranslationEvaluationDocument[] =>
  mergeEvaluationsBy<TranslationEvaluationDocument, TranslationEditRecord>(runFolder, (_, all) =>
    summarizeTranslation(all),
  );

/** Readable, and different for different settings. */
function fileName(
  { run, data }: OpenedTranslator,
  { editor, edits, precision, seed, targets, baseline }: TranslationEvaluationSettings,
  patches: readonly string[],
): string {
  const other = data === run.config.dataset.folder ? [] : [data];
  const identity = JSON.stringify([canonicalTranslationChoice(editor), patches, baseline ?? null, ...other]);
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  const judged = precision === undefined ? 'all-sentences' : `sentences-to-${precision}`;
  return `${targets}-${edits}-edits-${judged}-seed-${seed}-${editor.name}-${digest}`;
}
