/** Mixed precision is for processors that have it: before a training begins, a step is timed both ways. */
import { grad, type nn, scope, type Tree } from '@editable/torch';
import { EditableError } from '../errors.js';
import { quickerOfTwo } from '../quicker-of-two.js';
import type { Task, TrainingBatch } from '../tasks/task.js';
import { baseObjective } from './objective.js';
import type { StepSettings } from './settings.js';
import { WorkingCopy } from './working-copy.js';

/** Milliseconds of L_base and its gradient. */
export type StepTimes = Readonly<Record<NonNullable<StepSettings['precision']>, number>>;

/** Nothing is kept of what it computes. */
export function stepTimes<Input extends Tree, State extends Tree>(
  task: Task<Input>,
  model: nn.Model<Input, State>,
  batch: TrainingBatch<Input>,
): StepTimes {
  using copy = new WorkingCopy(model);
  const timed = (precision: keyof StepTimes): number =>
    quickerOfTwo(() =>
      scope(() => {
        const { total } = baseObjective(task, copy.training, copy.parameters, batch, { precision });
        grad(total, [...copy.parameters.values()], { allowUnused: true });
      }),
    );
  return { float32: timed('float32'), bfloat16: timed('bfloat16') };
}

/** @throws EditableError INVALID_ARGUMENT where bfloat16 takes as long, or longer */
export function requireFaster({ float32, bfloat16 }: StepTimes): void {
  if (bfloat16 < float32) return;
  const [ours, other] = [bfloat16, float32].map((time) => Number(time.toPrecision(3)));
  throw new EditableError(
    'INVALID_ARGUMENT',
    `precision: expected a processor that is faster in bfloat16; here a step of this training takes ${ours} ms in it and ${other} ms in float32. Train in float32.`,
  );
}
