/** Edits described by what they change (section 4.2): KL(p before ‖ p after) on every judged image, one row an edit. */
import { setImmediate as turn } from 'node:timers/promises';
import type { nn } from '@editable/torch';
import type { ImageDataset } from '../data/index.js';
import type { DescribedEdit } from './described-edit.js';
import { DescriptorsFile } from './descriptors-file.js';
import { type DescriberOptions, EditDescriber } from './edit-describer.js';
import type { Matrix } from './matrix.js';

export interface EditDescriptors {
  readonly edits: readonly DescribedEdit[];
  /** KL(p before ‖ p after) in nats, float32 [edits × judged images]; NaN where the edited output is not finite. */
  readonly divergences: Matrix;
}

export interface DescribeOptions extends DescriberOptions {
  /** JSON lines, one an edit; the rows go to a file of float32 beside it. The same model and settings continue from them. */
  readonly recordsFile?: string;
  /** After each edit. */
  readonly onEdit?: (done: number, total: number) => void;
}

/**
 * Makes independent edits of one model, those that `evaluate` makes for the same seed, and describes each.
 *
 * @throws EditableError INVALID_ARGUMENT for counts out of range; NOT_FINITE where the unedited model gives NaN.
 */
export async function describeEdits(
  model: nn.Model,
  dataset: ImageDataset,
  options: DescribeOptions,
): Promise<EditDescriptors> {
  using describer = new EditDescriber(model, dataset, options);
  const tasks = describer.tasks();
  const columns = describer.images;
  const values = new Float32Array(tasks.length * columns);
  const kept = options.recordsFile === undefined ? undefined : new DescriptorsFile(options.recordsFile, describer);
  const edits = kept?.read(values) ?? [];
  for (let done = edits.length; done < tasks.length; done++) {
    const { described, row } = describer.describe(tasks[done]!);
    values.set(row, done * columns);
    edits.push(described);
    kept?.append(described, row);
    options.onEdit?.(done + 1, tasks.length);
    await turn();
  }
  return { edits, divergences: { rows: edits.length, columns, values } };
}

/** The descriptors of those edits that pass; the others' rows are left out. */
export function selectEdits(
  { edits, divergences: { columns, values } }: EditDescriptors,
  passes: (edit: DescribedEdit) => boolean,
): EditDescriptors {
  const chosen = [...edits.keys()].filter((row) => passes(edits[row]!));
  const selected = new Float32Array(chosen.length * columns);
  chosen.forEach((row, at) => {
    selected.set(values.subarray(row * columns, (row + 1) * columns), at * columns);
  });
  return {
    edits: chosen.map((row) => edits[row]!),
    divergences: { rows: chosen.length, columns, values: selected },
  };
}
