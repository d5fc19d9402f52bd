/** A training as commands do it: begun or continued, with a line an epoch, and judged on the test split at the end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '@editable/torch';
import {
  errorRate,
  type ImageDataset,
  JsonLines,
  type Run,
  type RunConfig,
  runFiles,
  type StepMetrics,
  TestSet,
  trainRun,
} from 'editable';
import type { Console } from '../console/console.js';
import { percent } from '../console/numbers.js';
import type { Progress } from '../console/progress.js';

/** Means over an epoch's steps. */
export interface EpochSummary {
  readonly epoch: number;
  readonly loss: number;
  readonly base: number;
  readonly edit: number;
  readonly locality: number;
  readonly accuracy: number;
  readonly successRate: number;
  readonly editorSteps: number;
}

export interface TrainingResult {
  readonly run: Run;
  readonly epochs: readonly EpochSummary[];
  readonly steps: number;
  readonly testError: number;
  readonly testImages: number;
  readonly state: 'trained' | 'continued' | 'finished before';
  /** Of this call. */
  readonly seconds: number;
}

export interface TrainingJob {
  readonly folder: string;
  readonly config: RunConfig;
  readonly dataset: ImageDataset;
  readonly device: Device;
  /** What the progress bar says. */
  readonly label: string;
}

export async function train(
  { folder, config, dataset, device, label }: TrainingJob,
  console: Console,
): Promise<TrainingResult> {
  const started = performance.now();
  const state = stateOf(folder);
  const run = await withProgress({ folder, label, console, continued: state === 'continued' }, (onStep) =>
    trainRun(folder, config, dataset, { device, onStep }),
  );
  if (state === 'finished before') console.remark(`${folder} is trained already; its result is shown again.`);
  const metrics = metricsOf(folder);
  const testError = errorOnTest(run, dataset, device);
  const seconds = (performance.now() - started) / 1000;
  return { run, epochs: summarizeEpochs(metrics), steps: metrics.length, ...testError, state, seconds };
}

/** Every step's metrics of a run; none for an imported one. */
export const metricsOf = (folder: string): StepMetrics[] =>
  new JsonLines<StepMetrics>(join(folder, runFiles.metrics)).read();

export function errorOnTest(
  run: Run,
  dataset: ImageDataset,
  device: Device,
): { testError: number; testImages: number } {
  using test = new TestSet(dataset.split('test'), { normalization: run.config.normalization, device });
  return { testError: errorRate(test.predict(run.model), test.labels), testImages: test.length };
}

export function summarizeEpochs(metrics: readonly StepMetrics[]): EpochSummary[] {
  const epochs = [...new Set(metrics.map(({ epoch }) => epoch))];
  return epochs.map((epoch) => {
    const steps = metrics.filter((step) => step.epoch === epoch);
    const mean = (read: (step: StepMetrics) => number): number =>
      steps.reduce((sum, step) => sum + read(step), 0) / steps.length;
    return {
      epoch,
      loss: mean((step) => step.loss),
      base: mean((step) => step.base),
      edit: mean((step) => step.edit),
      locality: mean((step) => step.locality),
      accuracy: mean((step) => step.accuracy),
      successRate: mean((step) => Number(step.success)),
      editorSteps: mean((step) => step.editorSteps),
    };
  });
}

export function describeEpoch(summary: EpochSummary, epochs: number): string {
  const { epoch, loss, base, edit, locality, accuracy, successRate, editorSteps } = summary;
  const start = `epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}  accuracy ${percent(accuracy, 1)}`;
  // Plain training makes no edits.
  if (editorSteps === 0) return start;
  const terms = `base ${base.toFixed(4)}  edit ${edit.toFixed(4)}  locality ${locality.toFixed(4)}`;
  return `${start}  ${terms}  edits ${percent(successRate, 0)} in ${editorSteps.toFixed(1)} steps`;
}

function stateOf(folder: string): TrainingResult['state'] {
  const has = (file: string): boolean => existsSync(join(folder, file));
  if (!has(runFiles.config)) return 'trained';
  return has(runFiles.model) && !has(runFiles.checkpoint) ? 'finished before' : 'continued';
}

interface Shown {
  readonly folder: string;
  readonly label: string;
  readonly console: Console;
  readonly continued: boolean;
}

/** Runs the training under a progress bar an epoch and a line at every epoch's end. */
async function withProgress(
  { folder, label, console, continued }: Shown,
  work: (onStep: (metrics: StepMetrics) => void) => Promise<Run>,
): Promise<Run> {
  let bar: Progress | undefined;
  let told = !continued;
  const onStep = (step: StepMetrics): void => {
    if (!told) console.remark(`Continuing the training in ${folder} at step ${step.step} of ${step.steps}.`);
    told = true;
    bar ??= console.progress(label, step.steps);
    bar.update(step.step, `loss ${step.loss.toFixed(3)}`);
    if ((step.step * step.epochs) % step.steps !== 0) return;
    bar.stop();
    bar = undefined;
    // Read back from the file, so that a continued epoch's line covers all of its steps.
    const summary = summarizeEpochs(metricsOf(folder)).at(-1);
    if (summary) console.print(describeEpoch(summary, step.epochs));
  };
  try {
    return await work(onStep);
  } finally {
    bar?.stop();
  }
}
