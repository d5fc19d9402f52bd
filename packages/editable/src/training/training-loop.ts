/** The steps of a run, whatever its task: metrics and checkpoints in its folder, from where it stands to the last step. */
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { manualSeed, type optim, scope, type Tree } from '@editable/torch';
import { stream } from '../data/random.js';
import { JsonLines } from '../runs/json-lines.js';
import { runFiles } from '../runs/run-files.js';
import { loadCheckpoint, saveCheckpoint } from './run-folder.js';
import type { StepTerms, Trainer } from './trainer.js';
import { trainingSteps } from './training-steps.js';
import type { TrainingWork } from './training-work.js';

export interface StepMetrics extends StepTerms {
  /** Steps done, this one included. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly epochs: number;
}

export interface LoopSettings {
  readonly epochs: number;
  readonly checkpointEvery: number;
  readonly seed: number;
}

export interface TrainingLoop<Input extends Tree, State extends Tree, Metrics extends StepMetrics> {
  readonly work: TrainingWork<Input>;
  readonly trainer: Trainer<Input, State>;
  readonly settings: LoopSettings;
  readonly learningRate: optim.Schedule;
  /** What is kept of a step: its metrics, and what else was found after it, such as a validation. */
  readonly measured: (metrics: StepMetrics) => Metrics;
  readonly onStep: (metrics: Metrics) => void;
}

/** Goes on from the folder's checkpoint, if it has one; the same bits come of it as of a training that was never interrupted. */
export async function runTraining<Input extends Tree, State extends Tree, Metrics extends StepMetrics>(
  folder: string,
  { work, trainer, settings, learningRate, measured, onStep }: TrainingLoop<Input, State, Metrics>,
): Promise<void> {
  const { steps, stepsPerEpoch } = work;
  const { epochs, checkpointEvery, seed } = settings;
  const metrics = new JsonLines<Metrics>(join(folder, runFiles.metrics));
  const done = loadCheckpoint(folder, trainer, metrics);
  const save = (after: number): void => saveCheckpoint(folder, trainer, after);
  for (const step of trainingSteps({ done, steps, checkpointEvery, save })) {
    await work.read?.(step);
    // Dropout draws from libtorch's generator, whose state no checkpoint has.
    manualSeed(stream(seed, 'step', step).uint32());
    const terms = scope(() => trainer.step(work.batch(step), work.constraint(step), learningRate(step)));
    const epoch = Math.floor(step / stepsPerEpoch) + 1;
    const line = measured({ step: step + 1, steps, epoch, epochs, ...terms });
    metrics.append(line);
    onStep(line);
    await turn();
  }
}
