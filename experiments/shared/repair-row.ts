/** One row of a table: a model and a way to repair it, measured by independent edits (section 4.1). */
import { join } from 'node:path';
import {
  type EditorChoice,
  type EditTargets,
  evaluateRepairs,
  makeRunFolder,
  modelHash,
  type RepairEvaluationOptions,
  type Run,
} from 'editable';
import type { CurvatureChoice } from './curvature-choice.js';
import { digest } from './digest.js';
import { type EditCost, editCost } from './edit-cost.js';
import { lastingImages } from './lasting-images.js';
import { type Method, type ReadyMethod, readyMethod } from './methods.js';
import { modelOf, type Training, trainingName } from './models.js';
import { judging, type Session } from './session.js';
import type { TunedOn } from './tuned-editor.js';

/** Everything that a row is about. */
export interface RepairSetup {
  readonly training: Training;
  readonly method: Method;
  readonly targets?: EditTargets;
  /** Fewer than the scale's, for a method that takes minutes an edit. */
  readonly edits?: number;
  /** Judge on all images, where that costs no more than a sample. */
  readonly exact?: boolean;
  /** Half-width of what sampling may add, where the scale's would hide the figure. */
  readonly precision?: number;
}

export interface RepairRow extends EditCost {
  readonly training: string;
  readonly editor: string;
  readonly hyperparameters: EditorChoice['hyperparameters'];
  readonly layers: string | null;
  readonly targets: EditTargets;
  readonly testError: number;
  readonly drawdown: number;
  readonly drawdownInterval: readonly [low: number, high: number];
  readonly samplingError: number;
  readonly drawdownAbsolute: number;
  readonly successRate: number;
  readonly meanSteps: number;
  readonly generality: number;
  readonly flips: number;
  readonly edits: number;
  readonly testImages: number;
  readonly tunedOn: TunedOn | null;
  /** What an edit was asked for besides the input itself. */
  readonly views?: number;
  readonly margin?: number;
  /** Where not the usual one. */
  readonly curvature?: CurvatureChoice;
}

export async function measureRepairs(session: Session, setup: RepairSetup): Promise<RepairRow> {
  const run = await modelOf(session, setup.training);
  const method = await readyMethod(session, run, setup.method);
  return measureMethod(session, setup, { run, method });
}

async function measureMethod(
  session: Session,
  setup: RepairSetup,
  { run, method }: { readonly run: Run; readonly method: ReadyMethod },
): Promise<RepairRow> {
  const { dataset, say } = session;
  const { editor, hyperparameters, layers, tunedOn, repairer: _repairer, ...asked } = method;
  const options = evaluationOptions(session, setup, run.config.normalization);
  say(`  ${options.edits} edits with ${editor}${layers === null ? '' : ` on ${layers}`}`);
  const images = lastingImages(session, options);
  using repairer = method.repairer(images);
  const recordsFile = recordsFileOf(session, [modelHash(run.model), setup, editor, hyperparameters, layers]);
  const {
    records,
    targets,
    seed: _seed,
    seconds: _seconds,
    meanJudged: _judged,
    ...figures
  } = await evaluateRepairs(repairer, dataset, { ...options, recordsFile });
  const training = trainingName(setup.training);
  // An image that has its label already costs next to nothing.
  const changing = records.filter(({ steps }) => steps > 0);
  const tasks = changing.length === 0 ? records : changing;
  const cost = editCost(session, repairer, { normalization: run.config.normalization, tasks });
  return { training, editor, hyperparameters, layers, targets, ...figures, ...cost, tunedOn, ...asked };
}

function evaluationOptions(
  session: Session,
  { targets = 'random', edits = session.scale.edits, exact = false, precision }: RepairSetup,
  normalization: NonNullable<RepairEvaluationOptions['normalization']>,
): RepairEvaluationOptions {
  const { seed, device, scale } = session;
  const how = judging({
    ...session,
    exact: session.exact || exact,
    scale: { ...scale, precision: precision ?? scale.precision },
  });
  return { edits, targets, seed, normalization, device, ...how };
}

function recordsFileOf({ work, seed, exact }: Session, of: readonly unknown[]): string {
  const folder = join(work, 'evaluations');
  makeRunFolder(folder);
  return join(folder, `${digest([of, seed, exact]).slice(0, 24)}.jsonl`);
}
