/** An editor tuned for a run on validation images, kept with the run: editor.json is used from then on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFileOrExplain } from '@editable/torch';
import { type EditorChoice, type EditorName, saveEditorChoice, type Trial, tune, writeJson } from 'editable';
import type { Console } from '../console/console.js';
import { percent, signedPercent } from '../console/numbers.js';
import type { Progress } from '../console/progress.js';
import { table } from '../console/table.js';
import { describeEditor, describeLayers } from '../editor-choice.js';
import type { OpenedModel } from '../open-model.js';

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

const tuningFile = 'tuning.json';

/** Every trial as it was made; the same search, interrupted, continues from them. */
export const trialsFile = 'tuning-trials.jsonl';

export async function tuneRun(
  { run, dataset, model, device }: OpenedModel,
  settings: TuningSettings,
  { console, label }: { readonly console: Console; readonly label: string },
): Promise<TuningDocument> {
  let bar: Progress | undefined;
  try {
    const { best, trials } = await tune(model, dataset, {
      ...settings,
      normalization: run.config.normalization,
      reducedPrecision: true,
      device,
      trialsFile: join(run.folder, trialsFile),
      onTrial: (trial, done, total) => {
        bar ??= console.progress(label, total);
        bar.update(done, `${describeEditor(trial.editor)}: ${signedPercent(trial.drawdown)}`);
      },
    });
    const seconds = trials.reduce((sum, trial) => sum + trial.seconds, 0);
    const document = { run: run.folder, settings, best, trials, seconds };
    saveEditorChoice(run.folder, best.editor);
    writeJson(join(run.folder, tuningFile), document);
    return document;
  } finally {
    bar?.stop();
  }
}

/** What an earlier tuning with these very settings found; undefined where there was none. */
export function earlierTuning(folder: string, settings: TuningSettings): TuningDocument | undefined {
  const path = join(folder, tuningFile);
  if (!existsSync(path)) return undefined;
  try {
    const kept = JSON.parse(new TextDecoder().decode(readFileOrExplain(path))) as TuningDocument;
    return JSON.stringify(kept.settings) === JSON.stringify(settings) ? kept : undefined;
  } catch {
    return undefined;
  }
}

export const trialsTable = (trials: readonly Trial[], best: EditorChoice): string =>
  table(
    trials.map(({ editor, drawdown, successRate, meanSteps, edits }) => [
      editor === best ? '*' : '',
      describeEditor(editor),
      describeLayers(editor.layers),
      signedPercent(drawdown),
      percent(successRate, 0),
      meanSteps.toFixed(2),
      String(edits),
    ]),
    { head: ['', 'Editor', 'Layers', 'Drawdown', 'Success', 'Steps', 'Edits'], right: [3, 4, 5, 6] },
  );
