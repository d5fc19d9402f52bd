/** N edits of a translation run's model judged on the test sentences; records stay with the run, a killed one continues. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  type CurvatureOf,
  canonicalChoice,
  type EditorChoice,
  type EditTargets,
  evaluateTranslation,
  makeRunFolder,
  type TranslationEvaluation,
  writeJson,
} from 'editable';
import { type JobOptions, tell } from '../job-events.js';
import { type OpenedTranslator, openTranslator, sentencesOf } from '../runs/open-translator.js';
import { jobFiles } from '../runs/run-files.js';

export interface TranslationEvaluationSettings {
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
  const { edits, baseline = run.config.training?.from, ...rest } = settings;
  const pairs = sentencesOf(opened, 'test');
  const folder = join(run.folder, jobFiles.evaluations);
  const hashes = patches.map(({ resultHash }) => resultHash);
  const name = fileName(opened, settings, hashes);
  const recordsFile = join(folder, `${name}.jsonl`);
  makeRunFolder(folder);
  const { records, ...summary } = await evaluateTranslation(translator, pairs, {
    ...rest,
    edits,
    baseline: baseline ? openTranslator(baseline, { device }).translator : undefined,
    recordsFile,
    onTranslating: (done, total) => tell(job, { kind: 'translating', done, total }),
    onEdit: (done) => tell(job, { kind: 'edit', done, total: edits }),
  });
  const document = { ...summary, run: run.folder, patches: hashes, recordsFile };
  writeJson(join(folder, `${name}.json`), document);
  return { document, records };
}

/** Readable, and different for different settings. */
function fileName(
  { run, data }: OpenedTranslator,
  { editor, edits, precision, seed, targets, baseline }: TranslationEvaluationSettings,
  patches: readonly string[],
): string {
  const other = data === run.config.dataset.folder ? [] : [data];
  const identity = JSON.stringify([canonicalChoice(editor), patches, baseline ?? null, ...other]);
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  const judged = precision === undefined ? 'all-sentences' : `sentences-to-${precision}`;
  return `${targets}-${edits}-edits-${judged}-seed-${seed}-${editor.name}-${digest}`;
}
