/** Which examples of a batch are one process's, which of them are each edit's, and what a mean over them counts for. */
import { batchSizeOf, mapTree, type Tree } from '@editable/torch';
import { EditableError } from '../errors.js';
import type { Share } from '../sharing/share.js';
import type { Task, TrainingBatch } from '../tasks/task.js';

export interface BatchPart<Input extends Tree> {
  readonly batch: TrainingBatch<Input>;
  /** What the mean over the part counts for: the mean over parts of the values times these is that of the whole batch. */
  readonly weight: number;
}

export interface SharedBatch<Input extends Tree> extends BatchPart<Input> {
  /** One for each of this process's edits, the weights beside each other's. */
  readonly parts: readonly BatchPart<Input>[];
  /** What c_edit and c_loc are multiplied by: of the whole batch. */
  readonly editScale: number;
}

/** A process's share of a batch, as many consecutive examples as any other's, cut into a part for each of its edits. */
export function shareOf<Input extends Tree>(
  task: Task<Input>,
  whole: TrainingBatch<Input>,
  { rank, size }: Share,
  edits = 1,
): SharedBatch<Input> {
  const length = batchSizeOf(whole.input);
  // Bounds of the finest parts: where one process with all edits would cut, too.
  const bound = (part: number): number => Math.floor((part * length) / (size * edits));
  const part = (from: number, to: number): TrainingBatch<Input> => rowsOf(whole, from, to);
  const weightOf = (from: number, to: number): number => (to === from ? 0 : weightIn(task, part(from, to)));
  const [first, end] = [bound(rank * edits), bound((rank + 1) * edits)];
  const [all, own] = [weightIn(task, whole), weightOf(first, end)];
  const parts = Array.from({ length: edits }, (_, i) => {
    const [from, to] = [bound(rank * edits + i), bound(rank * edits + i + 1)];
    return { batch: part(from, to), weight: own === 0 ? 0 : (edits * weightOf(from, to)) / own };
  });
  return {
    batch: part(first, end),
    weight: (size * own) / all,
    parts,
    editScale: task.editScale?.(whole) ?? 1,
  };
}

const weightIn = <Input extends Tree>(task: Task<Input>, part: TrainingBatch<Input>): number =>
  task.weight?.(part) ?? batchSizeOf(part.input);

/** Where there are fewer examples than parts, some repeat one that counts for nothing. */
function rowsOf<Input extends Tree>(whole: TrainingBatch<Input>, from: number, to: number): TrainingBatch<Input> {
  const length = batchSizeOf(whole.input);
  if (from === 0 && to === length) return whole;
  const start = Math.min(from, length - 1);
  return mapTree({ ...whole }, (each) => each.narrow(0, start, Math.max(to - from, 1))) as TrainingBatch<Input>;
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

/** @throws EditableError INVALID_ARGUMENT where processes cannot have as many edits, or edits as many processes, as any other */
export function checkEdits(editsPerStep: number, processes: number): void {
  const parts = Math.max(processes, editsPerStep);
  if ((parts % processes) + (parts % editsPerStep) === 0) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `editsPerStep: expected a multiple or a divisor of the ${processes} processes, received ${editsPerStep}.`,
  );
}
