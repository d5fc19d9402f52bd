/**
 * A model under a sequence of edits. All of them change the same layers, so what the stages before these make of the
 * judged and of the edited images is computed once for the whole sequence.
 */
import { createHash } from 'node:crypto';
import { type Device, type nn, noGrad, scope, type Tensor } from '@editable/torch';
import { type ImageDataset, type ImageSplit, type Normalization, stream, subset } from '../data/index.js';
import { splitHash } from '../data/split-hash.js';
import { classification } from '../editing/constraints/classification.js';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import { checkSteps, editLoop } from '../editing/edit.js';
import type { Editor } from '../editing/editor.js';
import { canonicalChoice, type EditorChoice, editorOf, metricOf } from '../editing/editor-choice.js';
import { firstStageOf, selectParameters } from '../editing/layers.js';
import { named } from '../editing/named.js';
import { EditableError } from '../errors.js';
import { trainingCurvature } from '../evaluation/control-curvature.js';
import { type EditTargets, type EditTask, mistakeTasks, randomTasks } from '../evaluation/edit-tasks.js';
import { countFlips, errorRate, noClass } from '../evaluation/predictions.js';
import { TestSet } from '../evaluation/test-set.js';
import { modelHash } from '../patches/model-hash.js';
import { CachedImages } from './cached-images.js';

/** How one edit of a sequence went. */
export interface StepResult {
  /** The class that the model before this edit gave the input. */
  readonly predicted: number;
  readonly success: boolean;
  readonly steps: number;
  /** l_e after the last step; null where it is not finite. */
  readonly loss: number | null;
}

export interface EditedModelOptions {
  readonly editor: EditorChoice;
  readonly edits: number;
  readonly targets: EditTargets;
  readonly seed: number;
  readonly testImages?: number;
  readonly normalization?: Normalization;
  readonly device?: Device;
  readonly split?: ImageSplit;
  /** For the natural editor. */
  readonly curvature?: CurvatureOf | undefined;
}

export class EditedModel implements Disposable {
  readonly tasks: readonly EditTask[];
  readonly baseError: number;
  readonly #model: nn.Model;
  readonly #dataset: ImageDataset;
  readonly #options: EditedModelOptions;
  readonly #split: ImageSplit;
  readonly #editor: Editor;
  readonly #names: readonly string[];
  readonly #from: number;
  readonly #judgedSplit: ImageSplit;
  readonly #judged: CachedImages;
  /** In the order of the tasks. */
  readonly #inputs: CachedImages;
  readonly #base: Int32Array;
  #theta: readonly Tensor[];
  /** The model's own tensors are not ours to free. */
  #owned = false;

  constructor(model: nn.Model, dataset: ImageDataset, options: EditedModelOptions) {
    const { editor, split = dataset.split('test') } = options;
    checkSteps(editor.maxSteps);
    this.#model = model;
    this.#dataset = dataset;
    this.#options = options;
    this.#split = split;
    const { curvature = trainingCurvature(model, dataset, { ...options, ...metricOf(editor) }) } = options;
    this.#editor = editorOf(editor, model, curvature);
    this.#names = selectParameters(model, editor.layers);
    this.#from = firstStageOf(model, this.#names);
    this.#theta = this.#names.map((name) => model.parameters.get(name) as Tensor);
    this.tasks = this.#chooseTasks();
    const indices = this.tasks.map(({ index }) => index);
    this.#inputs = this.#cached(subset(split, indices));
    this.#judgedSplit = subset(split, this.#othersThan(this.tasks));
    this.#judged = this.#cached(this.#judgedSplit);
    this.#base = this.#judged.classes(model);
    this.baseError = errorRate(this.#base, this.#judged.labels);
    if (!this.#base.includes(noClass)) return;
    this[Symbol.dispose]();
    throw new EditableError(
      'NOT_FINITE',
      'editSequence: the model gives NaN or infinity before any edit; its weights are not finite.',
    );
  }

  get testImages(): number {
    return this.#judged.labels.length;
  }

  labelOf({ index }: EditTask): number {
    return this.#split.labels[index]!;
  }

  /** Makes one edit; the model moves on where it succeeds and stays as it was where it fails. */
  advance(position: number): StepResult {
    const { target } = this.tasks[position]!;
    const { maxSteps } = this.#options.editor;
    const { theta, ...result } = scope(() => {
      const input = this.#inputs.input(position);
      const predicted = noGrad(() => this.#logits(input, this.#theta).argmax({ dim: 1 }).item());
      const constraint = classification(input, target);
      const lossAt = (values: readonly Tensor[]): Tensor => constraint.loss(this.#logits(input, values));
      const editor = this.#editor;
      const { theta, success, steps, loss } = editLoop(lossAt, this.#theta, {
        editor,
        maxSteps,
        differentiable: false,
      });
      const value = loss.item();
      const moved = success && steps > 0 ? theta : undefined;
      return { theta: moved, predicted, success, steps, loss: Number.isFinite(value) ? value : null };
    });
    if (theta !== undefined) this.#moveTo(theta);
    return result;
  }

  /** The model as it is now, on the judged images and on the inputs of the edits at `successes`. */
  judge(successes: readonly number[]): {
    testError: number;
    drawdown: number;
    flips: number;
    inForce: number | null;
  } {
    const model = this.#model.with({ parameters: named(this.#names, this.#theta) });
    const classes = this.#judged.classes(model);
    const testError = errorRate(classes, this.#judged.labels);
    const answers = this.#inputs.classes(model);
    const inForce = successes.filter((at) => answers[at] === this.tasks[at]!.target).length;
    return {
      testError,
      drawdown: testError - this.baseError,
      flips: countFlips(this.#base, classes),
      inForce: successes.length === 0 ? null : inForce / successes.length,
    };
  }

  /** What two sequences must share for one to continue the other's records. */
  key(settings: Readonly<Record<string, unknown>>): string {
    const { seed, targets, device = 'cpu', normalization = this.#dataset.normalization } = this.#options;
    const identity = {
      ...settings,
      version: 1,
      model: modelHash(this.#model),
      dataset: this.#dataset.name,
      edited: splitHash(this.#split),
      judged: splitHash(this.#judgedSplit),
      tasks: this.tasks,
      editor: canonicalChoice(this.#options.editor),
      normalization,
      device,
      seed,
      targets,
    };
    return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  }

  #logits(input: Tensor, theta: readonly Tensor[]): Tensor {
    return this.#model.call(input, { from: this.#from, parameters: named(this.#names, theta) }).output;
  }

  #moveTo(theta: readonly Tensor[]): void {
    if (this.#owned) for (const each of this.#theta) each.dispose();
    this.#theta = theta;
    this.#owned = true;
  }

  #chooseTasks(): readonly EditTask[] {
    const { edits, targets, seed } = this.#options;
    checkCount('edits', edits, this.#split.length - 1);
    const { classes } = this.#dataset;
    if (targets === 'random') return randomTasks(this.#split, { edits, classes: classes.length, seed });
    using all = new TestSet(this.#split, this.#placing());
    const tasks = mistakeTasks(all.predict(this.#model), this.#split.labels, { edits, seed });
    if (tasks.length > 0) return tasks;
    throw new EditableError(
      'INVALID_ARGUMENT',
      `editSequence: the model makes no mistake on the ${this.#split.length} images; use random targets.`,
    );
  }

  /** An edited image would count as an error for having been edited, or as a repair: neither is what happens to the rest. */
  #othersThan(tasks: readonly EditTask[]): ArrayLike<number> {
    const edited = new Set(tasks.map(({ index }) => index));
    const others = [...this.#split.labels.keys()].filter((index) => !edited.has(index));
    const { testImages = others.length, seed } = this.#options;
    checkCount('testImages', testImages, others.length);
    if (testImages === others.length) return others;
    return stream(seed, 'sequence-images')
      .sample(others.length, testImages)
      .sort()
      .map((at) => others[at]!);
  }

  #cached(images: ImageSplit): CachedImages {
    return new CachedImages(images, { ...this.#placing(), model: this.#model, from: this.#from });
  }

  #placing(): { readonly normalization: Normalization; readonly device: Device } {
    const { normalization = this.#dataset.normalization, device = 'cpu' } = this.#options;
    return { normalization, device };
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    if (this.#owned) for (const each of this.#theta) each.dispose();
    this.#judged[Symbol.dispose]();
    this.#inputs[Symbol.dispose]();
  }
}

function checkCount(name: string, count: number, available: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= available) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `${name}: expected a whole number from 1 to ${available}, received ${count}.`,
  );
}
