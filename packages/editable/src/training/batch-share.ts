/** Which examples of a batch are one process's, and what its mean over them counts for. */
import { batchSizeOf, mapTree, type Tree } from '@editable/torch';
import { rangeOf, type Share } from '../sharing/share.js';
import type { Task, TrainingBatch } from '../tasks/task.js';

export interface SharedBatch<Input extends Tree> {
  readonly batch: TrainingBatch<Input>;
  /** The mean over processes of the losses times these is the loss of the whole batch. */
  readonly weight: number;
}

/** Consecutive examples, as evenly as they go; where there are fewer than processes, some repeat one that counts for nothing. */
export function shareOf<Input extends Tree>(
  task: Task<Input>,
  whole: TrainingBatch<Input>,
  { rank, size }: Share,
): SharedBatch<Input> {
  if (size === 1) return { batch: whole, weight: 1 };
  const length = batchSizeOf(whole.input);
  const [from, to] = rangeOf(length, { rank, size });
  const count = Math.max(to - from, 1);
  const batch = mapTree({ ...whole }, (each) =>
    each.narrow(0, Math.min(from, length - 1), count),
  ) as TrainingBatch<Input>;
  const weightOf = (part: TrainingBatch<Input>): number => task.weight?.(part) ?? batchSizeOf(part.input);
  return { batch, weight: to === from ? 0 : (size * weightOf(batch)) / weightOf(whole) };
}

/**
 * The numbers of a process's edits, out of so many a step. A batch has as many parts as there are edits or processes, whichever
 * are more; each process has as many parts as any other, and each edit, too.
 */
export function editsOf({ rank, size }: Share, editsPerStep: number): number[] {
  const parts = Math.max(size, editsPerStep);
  const own = parts / size;
  return Array.from({ length: own }, (_, i) => Math.floor(((rank * own + i) * editsPerStep) / parts));
}
