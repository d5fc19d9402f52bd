/** Makes one edit after another of one model and says what each changes on the judged images. */
import { createHash } from 'node:crypto';
import { type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import {
  type ImageDataset,
  type ImageSplit,
  type Normalization,
  normalizeImages,
  stream,
  subset,
} from '../data/index.js';
import { splitHash } from '../data/split-hash.js';
import { classification } from '../editing/constraints/classification.js';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import { edit } from '../editing/edit.js';
import { canonicalChoice, type EditorChoice, editorOf, metricOf } from '../editing/editor-choice.js';
import { firstStageOf, selectParameters } from '../editing/layers.js';
import { EditableError } from '../errors.js';
import type { Activations } from '../evaluation/activations.js';
import { trainingCurvature } from '../evaluation/control-curvature.js';
import { type EditTargets, type EditTask, mistakeTasks, randomTasks } from '../evaluation/edit-tasks.js';
import { noClass } from '../evaluation/predictions.js';
import { TestSet } from '../evaluation/test-set.js';
import { modelHash } from '../patches/model-hash.js';
import type { DescribedEdit } from './described-edit.js';

export interface DescriberOptions {
  readonly editor: EditorChoice;
  /** The paper takes 4,500. */
  readonly edits: number;
  /** Judge on a random sample of so many images; default: all. */
  readonly testImages?: number;
  readonly seed?: number;
  readonly targets?: EditTargets;
  readonly normalization?: Normalization;
  readonly device?: Device;
  /** Which images are edited and judged; default: the data set's test split. */
  readonly split?: ImageSplit;
}

/** The unedited model on the judged images. */
interface Base {
  readonly activations: Activations;
  /** log p(y|x, θ), float64 [batch, classes], batch by batch. */
  readonly logProbabilities: readonly Tensor[];
  readonly errors: readonly (number | null)[];
}

/** What an edit does to the judged images. */
interface Change {
  readonly row: Float32Array;
  readonly errors: Base['errors'];
}

export class EditDescriber implements Disposable {
  readonly #model: nn.Model;
  readonly #dataset: ImageDataset;
  readonly #choice: EditorChoice;
  readonly #curvature: CurvatureOf;
  readonly #edits: number;
  readonly #seed: number;
  readonly #targets: EditTargets;
  readonly #device: Device;
  readonly #split: ImageSplit;
  readonly #judged: ImageSplit;
  readonly #normalization: Normalization;
  #testSet: TestSet | undefined;
  #base: Base | undefined;

  constructor(model: nn.Model, dataset: ImageDataset, options: DescriberOptions) {
    const { seed = 0, targets = 'random', device = 'cpu', split = dataset.split('test') } = options;
    const { edits, testImages = split.length } = options;
    checkCount('edits', edits, split.length);
    checkCount('testImages', testImages, split.length);
    this.#model = model;
    this.#dataset = dataset;
    this.#choice = canonicalChoice(options.editor);
    this.#curvature = trainingCurvature(model, dataset, { ...options, ...metricOf(options.editor) });
    this.#edits = edits;
    this.#seed = seed;
    this.#targets = targets;
    this.#device = device;
    this.#split = split;
    this.#normalization = options.normalization ?? dataset.normalization;
    this.#judged =
      testImages === split.length
        ? split
        : subset(split, stream(seed, 'test-images').sample(split.length, testImages).sort());
  }

  /** Judged images: the length of a row. */
  get images(): number {
    return this.#judged.length;
  }

  tasks(): EditTask[] {
    const drawing = { edits: this.#edits, classes: this.#dataset.classes.length, seed: this.#seed };
    if (this.#targets === 'random') return randomTasks(this.#split, drawing);
    using all = new TestSet(this.#split, { normalization: this.#normalization, device: this.#device });
    return mistakeTasks(all.predict(this.#model), all.labels, drawing);
  }

  /** What two descriptions must share for one to continue the other's file. */
  get key(): string {
    const identity = {
      model: modelHash(this.#model),
      dataset: this.#dataset.name,
      edited: splitHash(this.#split),
      judged: splitHash(this.#judged),
      normalization: this.#normalization,
      editor: this.#choice,
      seed: this.#seed,
      targets: this.#targets,
    };
    return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  }

  describe(task: EditTask): { readonly described: DescribedEdit; readonly row: Float32Array } {
    const base = this.#baseOnce();
    return scope(() => {
      const { shape } = this.#dataset;
      const pixels = normalizeImages([this.#split.image(task.index)], shape, this.#normalization);
      const input = tensor(pixels, { shape: [1, ...shape], device: this.#device });
      const predicted = noGrad(() => this.#model.call(input).output.argmax({ dim: 1 }).item());
      const { layers, maxSteps } = this.#choice;
      const editor = editorOf(this.#choice, this.#model, this.#curvature);
      const result = edit(this.#model, classification(input, task.target), { editor, layers, maxSteps });
      const { success, steps } = result;
      const { row, errors }: Change =
        steps === 0 ? { row: new Float32Array(this.images), errors: base.errors } : this.#judge(result.model, base);
      const classDrawdown = errors.map((after, label) => (after === null ? null : after - (base.errors[label] ?? 0)));
      const label = this.#split.labels[task.index]!;
      return { described: { ...task, label, predicted, success, steps, classDrawdown }, row };
    });
  }

  #judge(edited: nn.Model, { activations, logProbabilities }: Base): Change {
    const row = new Float32Array(this.images);
    const classes = new Int32Array(this.images);
    let offset = 0;
    activations.batches.forEach((batch, i) => {
      scope(() => {
        const after = logProbabilitiesOf(edited, batch, activations.from);
        const before = logProbabilities[i]!;
        const divergences = noGrad(() => before.exp().mul(before.sub(after)).sum(1).clamp({ min: 0 })); // [batch]
        row.set(divergences.data() as Float64Array, offset);
        classes.set(classesOf(after), offset);
      });
      offset += batch.shape[0]!;
    });
    return { row, errors: this.#errors(classes) };
  }

  /** Computed when first asked for: a description found complete on disk needs none of it. */
  #baseOnce(): Base {
    if (this.#base !== undefined) return this.#base;
    this.#testSet ??= new TestSet(this.#judged, { normalization: this.#normalization, device: this.#device });
    const from = firstStageOf(this.#model, selectParameters(this.#model, this.#choice.layers));
    const activations = this.#testSet.activations(this.#model, from);
    const logProbabilities = activations.batches.map((batch) => logProbabilitiesOf(this.#model, batch, from));
    const classes = Int32Array.from(logProbabilities.flatMap((each) => [...classesOf(each)]));
    if (classes.includes(noClass)) {
      throw new EditableError(
        'NOT_FINITE',
        'describeEdits: the model gives NaN or infinity before any edit; its weights are not finite.',
      );
    }
    this.#base = { activations, logProbabilities, errors: this.#errors(classes) };
    return this.#base;
  }

  /** Share of errors of each true class. */
  #errors(predictions: Int32Array): (number | null)[] {
    const { labels } = this.#judged;
    const wrong = this.#dataset.classes.map(() => 0);
    const all = this.#dataset.classes.map(() => 0);
    labels.forEach((label, i) => {
      all[label]! += 1;
      if (predictions[i] !== label) wrong[label]! += 1;
    });
    return all.map((count, label) => (count === 0 ? null : wrong[label]! / count));
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    for (const each of this.#base?.logProbabilities ?? []) each.dispose();
    this.#base?.activations[Symbol.dispose]();
    this.#testSet?.[Symbol.dispose]();
  }
}

/** float64 [batch, classes]: the divergence of a small edit is a difference of nearly equal numbers. */
const logProbabilitiesOf = (model: nn.Model, batch: Tensor, from: number): Tensor =>
  scope(() => noGrad(() => model.call(batch, { from }).output.to('float64').logSoftmax(1)));

function classesOf(logProbabilities: Tensor): Int32Array {
  return scope(() => {
    const classes = Int32Array.from(logProbabilities.argmax({ dim: 1 }).data() as BigInt64Array, Number);
    const finite = logProbabilities.isfinite().all(1).data();
    return classes.map((value, i) => (finite[i] === 0 ? noClass : value));
  });
}

function checkCount(name: string, count: number, available: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= available) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `describeEdits: expected ${name} to be a whole number from 1 to ${available}, received ${count}.`,
  );
}
