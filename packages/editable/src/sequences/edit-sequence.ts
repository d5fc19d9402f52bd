/**
 * Many edits in a row on one model: each starts from the model that the earlier ones left. What that does to the rest, and
 * how many of the earlier edits are still in force. (The paper measures independent edits, section 4.1.)
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Device, nn } from '@editable/torch';
import type { ImageDataset, ImageSplit, Normalization } from '../data/index.js';
import { canonicalChoice, type EditorChoice } from '../editing/editor-choice.js';
import type { EditTargets } from '../evaluation/edit-tasks.js';
import { average } from '../evaluation/statistics.js';
import { checkpointsOf } from './checkpoints.js';
import { EditedModel } from './edited-model.js';
import { type SequenceCheckpoint, type SequenceRecord, SequenceRecords } from './sequence-records.js';

export interface EditSequence {
  /** Of the unedited model, on the judged images. */
  readonly testError: number;
  readonly testImages: number;
  readonly checkpoints: readonly SequenceCheckpoint[];
  readonly records: readonly SequenceRecord[];
  readonly edits: number;
  readonly successRate: number;
  readonly meanSteps: number;
  readonly editor: EditorChoice;
  readonly targets: EditTargets;
  readonly seed: number;
  /** Of this call. */
  readonly seconds: number;
}

export interface EditSequenceOptions {
  readonly editor: EditorChoice;
  /** Edits to make; fewer where the model makes fewer mistakes. */
  readonly edits: number;
  /** Random labels, or the true labels of what the unedited model gets wrong. */
  readonly targets?: EditTargets;
  readonly seed?: number;
  /** Judge on a random sample of so many of the images that are not edited; default: all of them. */
  readonly testImages?: number;
  /** After which edits to judge; default: 1, 2, 5, 10, 20, 50, … The last edit is always judged. */
  readonly checkpoints?: readonly number[];
  readonly normalization?: Normalization;
  readonly device?: Device;
  /** Which images are edited and judged; default: the data set's test split. */
  readonly split?: ImageSplit;
  /**
   * JSON lines, one an edit; a sequence of the same model and settings continues from it. The edits are made again,
   * since a model is no record; the judging, which takes most of the time, is not.
   */
  readonly recordsFile?: string;
  /** After each edit: its record, how many are done, of how many. */
  readonly onEdit?: (record: SequenceRecord, done: number, total: number) => void;
}

/**
 * Makes a sequence of edits. A failed edit is recorded and undone: the next one starts from the model before it, as a
 * person would not keep a repair that does not repair.
 *
 * @throws EditableError INVALID_ARGUMENT for counts out of range, or mistakes to repair where the model makes none;
 * NOT_FINITE where the model gives NaN before any edit
 */
export async function editSequence(
  model: nn.Model,
  dataset: ImageDataset,
  options: EditSequenceOptions,
): Promise<EditSequence> {
  const started = performance.now();
  const { seed = 0, targets = 'random', onEdit = () => {} } = options;
  using edited = new EditedModel(model, dataset, { ...options, seed, targets });
  const { tasks } = edited;
  const checkpoints = checkpointsOf(options.checkpoints, tasks.length);
  const kept = new SequenceRecords(options.recordsFile, edited.key({ checkpoints: [...checkpoints] }));
  const records: SequenceRecord[] = [];
  for (const [position, task] of tasks.entries()) {
    const step = edited.advance(position);
    const before = kept.at(position, step);
    const successes = [...records, step].flatMap(({ success }, at) => (success ? [at] : []));
    const judge = (): SequenceCheckpoint | null =>
      checkpoints.has(position + 1)
        ? { edits: position + 1, ...edited.judge(successes), successRate: successes.length / (position + 1) }
        : null;
    const record = before ?? { ...task, label: edited.labelOf(task), ...step, judged: judge() };
    if (before === undefined) kept.add(record);
    records.push(record);
    onEdit(record, records.length, tasks.length);
    await turn();
  }
  return {
    testError: edited.baseError,
    testImages: edited.testImages,
    checkpoints: records.flatMap(({ judged }) => (judged === null ? [] : [judged])),
    records,
    edits: records.length,
    successRate: average(records.map(({ success }) => Number(success))),
    meanSteps: average(records.map(({ steps }) => steps)),
    editor: canonicalChoice(options.editor),
    targets,
    seed,
    seconds: (performance.now() - started) / 1000,
  };
}
