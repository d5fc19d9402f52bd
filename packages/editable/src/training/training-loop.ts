/** The steps of a run, whatever its task: metrics and checkpoints in its folder, from where it stands to the last step. */
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { manualSeed, type optim, type ProcessGroup, scope, type Tree } from '@editable/torch';
import { stream } from '../data/random.js';
import type { Constraint } from '../editing/constraint.js';
import { JsonLines } from '../runs/json-lines.js';
import { runFiles } from '../runs/run-files.js';
import { failTogether } from '../sharing/group-agreement.js';
import { alone, type Share } from '../sharing/share.js';
import { editsOf, shareOf } from './batch-share.js';
import { continueTogether } from './group-training.js';
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
  readonly editsPerStep?: number;
}

export interface TrainingLoop<Input extends Tree, State extends Tree, Metrics extends StepMetrics> {
  readonly work: TrainingWork<Input>;
  readonly trainer: Trainer<Input, State>;
  readonly settings: LoopSettings;
  readonly learningRate: optim.Schedule;
  /** What is kept of a step: its metrics, and what else was found after it, such as a validation. Every process is asked. */
  readonly measured: (metrics: StepMetrics) => Metrics;
  readonly onStep: (metrics: Metrics) => void;
  /** The processes that train together: each has its share of every batch, and rank 0 alone writes into the folder. */
  readonly group?: ProcessGroup | undefined;
}

/** Goes on from the folder's checkpoint, if it has one; the same bits come of it as of a training that was never interrupted. */
export async function runTraining<Input extends Tree, State extends Tree, Metrics extends StepMetrics>(
  folder: string,
  loop: TrainingLoop<Input, State, Metrics>,
): Promise<void> {
  await failTogether(loop.group, () => runSteps(folder, loop));
}

async function runSteps<Input extends Tree, State extends Tree, Metrics extends StepMetrics>(
  folder: string,
  { work, trainer, settings, learningRate, measured, onStep, group }: TrainingLoop<Input, State, Metrics>,
): Promise<void> {
  const { steps, stepsPerEpoch } = work;
  const { epochs, checkpointEvery, seed, editsPerStep = 1 } = settings;
  const share: Share = group ?? alone;
  const writes = share.rank === 0;
  const metrics = new JsonLines<Metrics>(join(folder, runFiles.metrics));
  const done =
    group === undefined
      ? loadCheckpoint(folder, trainer, metrics)
      : continueTogether(group, trainer, () => loadCheckpoint(folder, trainer, metrics));
  const save = (after: number): void => {
    if (writes) saveCheckpoint(folder, trainer, after);
  };
  for (const step of trainingSteps({ done, steps, checkpointEvery, save })) {
    await work.read?.(step);
    // Dropout draws from libtorch's generator, whose state no checkpoint has.
    manualSeed(stream(seed, 'step', step, ...(writes ? [] : [share.rank])).uint32());
    const terms = scope(() => {
      const own = editsOf(share, editsPerStep);
      const edits = constraintsOf(work, step, own);
      const cuts = edits === undefined ? 1 : own.length;
      const { batch, ...part } = shareOf(work.task, work.batch(step), work.isShare ? alone : share, cuts);
      return trainer.step(batch, edits, learningRate(step), part);
    });
    const epoch = Math.floor(step / stepsPerEpoch) + 1;
    const line = measured({ step: step + 1, steps, epoch, epochs, ...terms });
    if (writes) {
      metrics.append(line);
      onStep(line);
    }
    await turn();
  }
}

/** This process's edits of a step. */
function constraintsOf<Input extends Tree>(
  work: TrainingWork<Input>,
  step: number,
  edits: readonly number[],
): readonly Constraint<Input>[] | undefined {
  const all = edits.flatMap((edit) => work.constraint(step, edit) ?? []);
  return all.length === 0 ? undefined : all;
}
