/** Where trials are made: the same edits on the same validation images for every editor and every set of layers. */
import { createHash } from 'node:crypto';
import { type Device, type nn, type ProcessGroup, scope, tensor } from '@editable/torch';
import { type ImageDataset, type ImageSplit, type Normalization, normalizeImages } from '../data/index.js';
import { splitHash } from '../data/split-hash.js';
import { classification } from '../editing/constraints/classification.js';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import { edit } from '../editing/edit.js';
import { canonicalChoice, type EditorChoice, editorOf } from '../editing/editor-choice.js';
import { trainingCurvature } from '../evaluation/control-curvature.js';
import type { EditTask } from '../evaluation/edit-tasks.js';
import { Evaluator } from '../evaluation/evaluate.js';
import { type EditRecord, summarize } from '../evaluation/records.js';
import { modelHash } from '../patches/model-hash.js';
import { agreeOn } from '../sharing/group-agreement.js';
import { fromFirst, inTurns } from '../sharing/in-turns.js';
import type { Trial } from './trial.js';
import type { TrialsFile } from './trials-file.js';

export interface BenchOptions {
  /** Validation images: edited, and all of them judged. */
  readonly split: ImageSplit;
  readonly edits: number;
  readonly seed: number;
  /** The most edits that may fail for a trial to qualify. */
  readonly allowedFailures: number;
  /** End a trial once more than so many have failed; it then rests on fewer edits. */
  readonly stopAfter?: number;
  /** Steps that edits may take here; a choice's own `maxSteps` where left out. */
  readonly searchSteps?: number;
  /** Augmented views an edit that generality is judged on; 0, the default: none. */
  readonly views?: number;
  /** Edits whose time is taken; 0: none. */
  readonly timedEdits?: number;
  readonly normalization?: Normalization;
  readonly device?: Device;
  /** As for `evaluate`. */
  readonly reducedPrecision?: boolean;
  /** For the natural editor. */
  readonly curvature?: CurvatureOf | undefined;
  readonly kept?: TrialsFile | undefined;
  /** Processes that make the edits of every trial in turns; all get the same trials. Rank 0 alone has `kept`. */
  readonly group?: ProcessGroup | undefined;
}

/** Holds one evaluator at a time, so go through editors first and layers second. */
export class Bench implements Disposable {
  readonly #model: nn.Model;
  readonly #dataset: ImageDataset;
  readonly #options: BenchOptions;
  readonly #curvature: CurvatureOf;
  readonly #identity: string;
  #current: { readonly place: string; readonly evaluator: Evaluator; readonly tasks: readonly EditTask[] } | undefined;

  constructor(model: nn.Model, dataset: ImageDataset, options: BenchOptions) {
    this.#model = model;
    this.#dataset = dataset;
    this.#options = options;
    this.#curvature = options.curvature ?? trainingCurvature(model, dataset, options);
    const { kept, group } = options;
    const identity = kept === undefined && group === undefined ? undefined : identityOf(model, dataset, options);
    this.#identity = JSON.stringify(identity);
    if (group === undefined || identity === undefined) return;
    const { model: hash, images, ...settings } = identity;
    agreeOn(group, { settings, model: hash, data: images });
  }

  /** Makes the trial, or finds it among those kept. */
  measure(choice: EditorChoice): Trial {
    const { kept, group } = this.#options;
    const key = digest(JSON.stringify([this.#identity, canonicalChoice(choice)]));
    const before = fromFirst(group, kept?.get(key) ?? null);
    if (before !== null) return before;
    // What was timed differs by process: rank 0's counts.
    const trial = fromFirst(group, this.#run(choice));
    kept?.add(key, trial);
    return trial;
  }

  #run(choice: EditorChoice): Trial {
    const started = performance.now();
    const { allowedFailures, stopAfter = Number.POSITIVE_INFINITY } = this.#options;
    const { evaluator, tasks } = this.#evaluatorFor(choice);
    const editor = editorOf(choice, this.#model, this.#curvature);
    const records: EditRecord[] = [];
    let failures = 0;
    const run = (task: EditTask, position: number): EditRecord => evaluator.run(task, position, editor);
    for (const record of inTurns(this.#options.group, tasks, run)) {
      records.push(record);
      if (!record.success) failures += 1;
      if (failures > stopAfter) break;
    }
    const { drawdown, drawdownInterval, successRate, meanSteps, edits, generality } = summarize(records);
    return {
      editor: choice,
      drawdown,
      drawdownInterval,
      successRate,
      generality: records.some((record) => record.generality !== null) ? generality : null,
      meanSteps,
      edits,
      images: this.#options.split.length,
      qualifies: failures <= allowedFailures,
      secondsPerEdit: this.#secondsPerEdit(choice, tasks),
      seconds: (performance.now() - started) / 1000,
    };
  }

  #evaluatorFor(choice: EditorChoice): { readonly evaluator: Evaluator; readonly tasks: readonly EditTask[] } {
    const { searchSteps: maxSteps = choice.maxSteps, split, edits, seed, views = 0 } = this.#options;
    const place = JSON.stringify([choice.layers, maxSteps]);
    if (this.#current?.place === place) return this.#current;
    this[Symbol.dispose]();
    const evaluator = new Evaluator(this.#model, this.#dataset, {
      editor: { ...choice, maxSteps },
      edits,
      seed,
      split,
      views,
      curvature: this.#curvature,
      ...this.#place(),
    });
    this.#current = { place, evaluator, tasks: evaluator.tasks() };
    return this.#current;
  }

  /** Apart from the trial's own edits, since these are judged as they are made. */
  #secondsPerEdit(choice: EditorChoice, tasks: readonly EditTask[]): number | null {
    const { layers, maxSteps } = choice;
    const { timedEdits = 0, split } = this.#options;
    const { normalization = this.#dataset.normalization, device = 'cpu' } = this.#options;
    const { shape } = this.#dataset;
    const editor = editorOf(choice, this.#model, this.#curvature);
    const seconds = tasks.slice(0, timedEdits).map(({ index, target }) =>
      scope(() => {
        const pixels = normalizeImages([split.image(index)], shape, normalization);
        const input = tensor(pixels, { shape: [1, ...shape], device });
        const started = performance.now();
        edit(this.#model, classification(input, target), { editor, layers, maxSteps });
        return (performance.now() - started) / 1000;
      }),
    );
    return seconds.length === 0 ? null : median(seconds);
  }

  #place(): Pick<BenchOptions, 'normalization' | 'device' | 'reducedPrecision'> {
    const { normalization, device, reducedPrecision = false } = this.#options;
    return { ...(normalization ? { normalization } : {}), ...(device ? { device } : {}), reducedPrecision };
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#current?.evaluator[Symbol.dispose]();
    this.#current = undefined;
  }
}

/** Everything but the choice that a trial's figures depend on. */
function identityOf(model: nn.Model, dataset: ImageDataset, options: BenchOptions) {
  const {
    split,
    kept,
    group,
    reducedPrecision,
    curvature,
    normalization = dataset.normalization,
    device = 'cpu',
    ...settings
  } = options;
  return {
    version: 2,
    model: modelHash(model),
    dataset: dataset.name,
    images: splitHash(split),
    normalization,
    device,
    ...settings,
  };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The middle value; the lower one of two. */
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] as number;
