/** What each step of a training works on: functions of the settings and the step alone, so that it can be continued. */
import { optim, type Tensor, type Tree } from '@editable/torch';
import type { Constraint } from '../editing/constraint.js';
import type { Task, TrainingBatch } from '../tasks/task.js';
import type { TrainingSettings } from './settings.js';

export interface TrainingWork<Input extends Tree = Tensor> {
  readonly task: Task<Input>;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Where reading takes time: done before the step's `batch` and `constraint` are asked for. */
  read?(step: number): Promise<void>;
  batch(step: number): TrainingBatch<Input>;
  /** The step's edit, or one of its several; none in plain training. */
  constraint(step: number, edit?: number): Constraint<Input> | undefined;
  /** True where `batch` is this process's share already; else its rows are taken out of the whole. */
  readonly isShare?: boolean;
}

/** The learning rate of each of `steps` steps. */
export function scheduleOf({ schedule, learningRate }: TrainingSettings, steps: number): optim.Schedule {
  if (schedule === 'constant') return optim.constant(learningRate);
  if (schedule === 'cosine') return optim.cosine(learningRate, { steps });
  return optim.oneCycle(learningRate, { steps });
}
