/** One model's part of Figure 2: its edits described by KL divergences over the test set, and what is computed of them. */
import { join } from 'node:path';
import {
  classDrawdown,
  componentsToExplain,
  type DescribedEdit,
  describeEdits,
  type EditDescriptors,
  type EditorChoice,
  explainedVariance,
  makeRunFolder,
  modelHash,
  selectEdits,
  tsne,
} from 'editable';
import { digest } from '../shared/digest.js';
import { tunedModel } from '../shared/model-editor.js';
import { type Training, trainingName } from '../shared/models.js';
import type { FigureChoice } from '../shared/scale.js';
import type { Session } from '../shared/session.js';

export interface DescriptorRow {
  readonly training: string;
  readonly editor: string;
  readonly hyperparameters: EditorChoice['hyperparameters'];
  readonly layers: string | readonly string[];
  /** Edits made; those that changed nothing or failed are not described. */
  readonly edits: number;
  readonly described: number;
  readonly testImages: number;
  readonly successRate: number;
  readonly meanSteps: number;
  /** Mean drawdown of the edited image's own class, and of the others. */
  readonly sameClass: number;
  readonly otherClasses: number;
  /** [edited class][affected class] */
  readonly classDrawdown: readonly (readonly (number | null)[])[];
  /** Share of variance that the first 1, 2, 3 … components explain. */
  readonly cumulative: readonly number[];
  /** Components that explain 90 % of the variance; null: more than there are. */
  readonly componentsFor90: number | null;
  /** t-SNE: x, y, original label, target. */
  readonly map: readonly (readonly [x: number, y: number, label: number, target: number])[];
}

export async function describeModel(
  session: Session,
  training: Training,
  settings: FigureChoice,
): Promise<DescriptorRow> {
  const { say, seed } = session;
  const { run, choice } = await tunedModel(session, training);
  say(`  describing ${settings.edits} edits`);
  const all = await describeEdits(run.model, session.dataset, {
    editor: choice,
    edits: settings.edits,
    seed,
    device: session.device,
    normalization: run.config.normalization,
    recordsFile: recordsFile(session, [modelHash(run.model), choice, settings.edits, settings.testImages, seed]),
    ...(settings.testImages === null ? {} : { testImages: settings.testImages }),
  });
  const described = selectEdits(all, isDescribed(all));
  say(`  t-SNE of ${described.edits.length} edits`);
  const { perplexity, iterations, components } = settings;
  const { values } = await tsne(described.divergences, { perplexity, iterations, seed });
  const variance = explainedVariance(described.divergences);
  const { mean } = classDrawdown(all.edits);
  return {
    training: trainingName(training),
    editor: choice.name,
    hyperparameters: choice.hyperparameters,
    layers: choice.layers,
    edits: all.edits.length,
    described: described.edits.length,
    testImages: all.divergences.columns,
    successRate: average(all.edits.map(({ success }) => Number(success))),
    meanSteps: average(all.edits.map(({ steps }) => steps)),
    sameClass: average(mean.flatMap((row, edited) => row.filter((__, affected) => affected === edited))),
    otherClasses: average(mean.flatMap((row, edited) => row.filter((__, affected) => affected !== edited))),
    classDrawdown: mean.map((row) => row.map((value) => value && round(value, 6))),
    cumulative: variance.cumulative.slice(0, components).map((share) => round(share, 6)),
    componentsFor90: componentsToExplain(variance, 0.9) ?? null,
    map: described.edits.map(({ label, target }, i) => {
      const [x, y] = [values[2 * i] as number, values[2 * i + 1] as number];
      return [round(x, 3), round(y, 3), label, target];
    }),
  };
}

/** Those that succeeded by changing something, and left outputs that are numbers. */
function isDescribed({ edits, divergences: { columns, values } }: EditDescriptors): (edit: DescribedEdit) => boolean {
  const whole = new Set(
    edits.filter((_, row) => values.subarray(row * columns, (row + 1) * columns).every(Number.isFinite)),
  );
  return (edit) => edit.success && edit.steps > 0 && whole.has(edit);
}

function recordsFile({ work }: Session, of: readonly unknown[]): string {
  const folder = join(work, 'descriptors');
  makeRunFolder(folder);
  return join(folder, `${digest(of).slice(0, 24)}.jsonl`);
}

function average(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null);
  return known.reduce((sum, value) => sum + value, 0) / Math.max(known.length, 1);
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
