/** An editor tuned for a run on validation images, kept with the run: editor.json is used from then on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ProcessGroup, readFileOrExplain } from '@editable/torch';
import { type EditorName, saveEditorChoice, type Trial, tune, writeJson } from 'editable';
import { type JobOptions, tell } from '../job-events.js';
import type { OpenedModel } from '../runs/open-model.js';
import { jobFiles } from '../runs/run-files.js';

export interface TuningSettings {
  readonly editor: EditorName;
  readonly layers: readonly string[];
  readonly edits: number;
  readonly images: number;
  readonly maxSteps: number;
  /** Steps that trials may take; fewer than maxSteps leaves edits a margin. */
  readonly searchSteps: number;
  /** Share of edits that must succeed for hyperparameters to qualify; the paper's rule: 0.95. */
  readonly minimumSuccess: number;
  readonly seed: number;
}

/** What `tune --json` prints and the run keeps as tuning.json. */
export interface TuningDocument {
  readonly run: string;
  readonly settings: TuningSettings;
  readonly best: Trial;
  readonly trials: readonly Trial[];
  /** Of all trials, also those that an earlier, interrupted call made. */
  readonly seconds: number;
}

/** Searches the editor's hyperparameters on validation images and keeps the best with the run; of a group rank 0 does. */
export async function tuneRun(
  { run, dataset, model, device }: OpenedModel,
  settings: TuningSettings,
  { group, ...job }: JobOptions & { readonly group?: ProcessGroup | undefined } = {},
): Promise<TuningDocument> {
  const { best, trials } = await tune(model, dataset, {
    ...settings,
    group,
    normalization: run.config.normalization,
    reducedPrecision: true,
    device,
    trialsFile: join(run.folder, jobFiles.trials),
    onTrial: ({ editor, drawdown }, done, total) =>
      tell(job, { kind: 'trial', stage: null, editor, drawdown, done, total }),
  });
  const seconds = trials.reduce((sum, trial) => sum + trial.seconds, 0);
  const document = { run: run.folder, settings, best, trials, seconds };
  if (group !== undefined && group.rank > 0) return document;
  saveEditorChoice(run.folder, best.editor);
  writeJson(join(run.folder, jobFiles.tuning), document);
  return document;
}

/** What an earlier tuning with these very settings found; undefined where there was none. */
export function earlierTuning(folder: string, settings: TuningSettings): TuningDocument | undefined {
  const path = join(folder, jobFiles.tuning);
  if (!existsSync(path)) return undefined;
  try {
    const kept = JSON.parse(new TextDecoder().decode(readFileOrExplain(path))) as TuningDocument;
    return JSON.stringify(kept.settings) === JSON.stringify(settings) ? kept : undefined;
  } catch {
    return undefined;
  }
}
