/** A training as commands do it: begun or continued, with a line an epoch, and judged on the test split at the end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Device, ProcessGroup } from '@editable/torch';
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
import { type EpochSummary, type JobOptions, tell } from '../job-events.js';

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
  /** The processes that train together; each runs the job. */
  readonly group?: ProcessGroup | undefined;
}

/** Trains a run to its end, from where it stands, and judges it on the test split. */
export async function train(
  { folder, config, dataset, device, group }: TrainingJob,
  job: JobOptions = {},
): Promise<TrainingResult> {
  const started = performance.now();
  const state = stateOf(folder);
  const onStep = telling(folder, { job, continued: state === 'continued' });
  const run = await trainRun(folder, config, dataset, { device, onStep, group });
  // What follows is rank 0's alone.
  group?.finish();
  if (state === 'finished before') tell(job, { kind: 'finished-before', folder });
  const metrics = metricsOf(folder);
  const testError = errorOnTest(run, dataset, device);
  const seconds = (performance.now() - started) / 1000;
  return { run, epochs: summarizeEpochs(metrics), steps: metrics.length, ...testError, state, seconds };
}

/** The part of a process that trains with others and is not rank 0: it leaves nothing behind. */
export async function trainBeside({ folder, config, dataset, device, group }: TrainingJob): Promise<void> {
  await trainRun(folder, config, dataset, { device, group });
  group?.finish();
}

/** Every step's metrics of a run; none for an imported one. */
export const metricsOf = (folder: string): StepMetrics[] =>
  new JsonLines<StepMetrics>(join(folder, runFiles.metrics)).read();

/** Share of the test images that the run's model gets wrong. */
export function errorOnTest(
  run: Run,
  dataset: ImageDataset,
  device: Device,
): { testError: number; testImages: number } {
  using test = new TestSet(dataset.split('test'), { normalization: run.config.normalization, device });
  return { testError: errorRate(test.predict(run.model), test.labels), testImages: test.length };
}

/** Means of the steps' metrics, one row an epoch. */
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

/** How far a run's training is. */
export function stateOf(folder: string): TrainingResult['state'] {
  const has = (file: string): boolean => existsSync(join(folder, file));
  if (!has(runFiles.config)) return 'trained';
  return has(runFiles.model) && !has(runFiles.checkpoint) ? 'finished before' : 'continued';
}

/** An event a step, and one at every epoch's end. */
function telling(
  folder: string,
  { job, continued }: { readonly job: JobOptions; readonly continued: boolean },
): (metrics: StepMetrics) => void {
  let told = !continued;
  return ({ step, steps, epochs, loss }) => {
    if (!told) tell(job, { kind: 'resumed', folder, step, steps });
    told = true;
    tell(job, { kind: 'training', loss, done: step, total: steps });
    if ((step * epochs) % steps !== 0) return;
    // Read back from the file, so that a continued epoch's summary covers all of its steps.
    const summary = summarizeEpochs(metricsOf(folder)).at(-1);
    if (summary) tell(job, { kind: 'epoch', summary, epochs });
  };
}
