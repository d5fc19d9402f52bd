/** N independent edits of one model (section 4.1): drawdown, success rate, steps, and how far each edit generalises. */
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type Device, type nn, noGrad, scope, tensor } from '@editable/torch';
import {
  augmentedViews,
  type ImageDataset,
  type ImageSplit,
  type Normalization,
  normalizeImages,
  stream,
  subset,
} from '../data/index.js';
import { classification } from '../editing/constraints/classification.js';
import { type EditResult, edit } from '../editing/edit.js';
import type { Editor } from '../editing/editor.js';
import { editorNamed } from '../editing/editors/index.js';
import { firstStageOf, selectParameters } from '../editing/layers.js';
import { EditableError } from '../errors.js';
import { modelHash } from '../patches/model-hash.js';
import { JsonLines } from '../runs/json-lines.js';
import { canonicalChoice, type EditorChoice } from '../training/settings.js';
import { type EditTargets, type EditTask, mistakeTasks, randomTasks } from './edit-tasks.js';
import { average, estimate } from './statistics.js';
import { type Activations, countFlips, errorRate, noClass, TestSet } from './test-set.js';

export interface EditRecord {
  readonly index: number;
  readonly label: number;
  /** What the unedited model said. */
  readonly predicted: number;
  readonly target: number;
  readonly success: boolean;
  readonly steps: number;
  /** l_e after the edit. */
  readonly loss: number;
  readonly errorAfter: number;
  /** errorAfter − error before: signed. */
  readonly drawdown: number;
  /** Test images whose prediction changed. */
  readonly flips: number;
  /** Share of augmented views of the edited image that follow the edit; null where no step was taken or it failed. */
  readonly generality: number | null;
}

export interface Evaluation {
  readonly testError: number;
  /** Mean signed change of test error. */
  readonly drawdown: number;
  readonly drawdownInterval: [low: number, high: number];
  /** Mean absolute change of test error. */
  readonly drawdownAbsolute: number;
  /** Mean number of changed predictions. */
  readonly flips: number;
  readonly successRate: number;
  readonly meanSteps: number;
  readonly edits: number;
  readonly testImages: number;
  readonly generality: number;
  readonly seconds: number;
  readonly editor: EditorChoice;
  readonly targets: EditTargets;
  readonly seed: number;
  readonly records: readonly EditRecord[];
}

export interface EvaluateOptions {
  readonly editor: EditorChoice;
  readonly edits: number;
  /** Judge drawdown on a random sample of so many test images; default: all. */
  readonly testImages?: number;
  readonly seed?: number;
  readonly targets?: EditTargets;
  /** Augmented views an edit, for generality. */
  readonly views?: number;
  readonly normalization?: Normalization;
  readonly device?: Device;
  /** Which images are edited and judged; default: the data set's test split. Tuning gives its validation images. */
  readonly split?: ImageSplit;
  /** JSON lines of per-edit records; an evaluation of the same model and settings continues from it. */
  readonly recordsFile?: string;
  readonly onEdit?: (done: number, total: number) => void;
}

/** @throws EditableError INVALID_ARGUMENT for counts that are not positive whole numbers */
export async function evaluate(model: nn.Model, dataset: ImageDataset, options: EvaluateOptions): Promise<Evaluation> {
  const start = performance.now();
  using evaluator = new Evaluator(model, dataset, options);
  const tasks = evaluator.tasks();
  const kept = options.recordsFile === undefined ? undefined : new RecordsFile(options.recordsFile, evaluator.key());
  const records: EditRecord[] = kept?.records.slice(0, tasks.length) ?? [];
  for (let done = records.length; done < tasks.length; done++) {
    const record = evaluator.run(tasks[done]!, done);
    records.push(record);
    kept?.append(record);
    options.onEdit?.(done + 1, tasks.length);
    await turn();
  }
  return { ...summarize(records), ...evaluator.facts(), records, seconds: (performance.now() - start) / 1000 };
}

type Summary = Pick<
  Evaluation,
  'drawdown' | 'drawdownInterval' | 'drawdownAbsolute' | 'flips' | 'successRate' | 'meanSteps' | 'edits' | 'generality'
>;

/** The metrics of a list of records. */
export function summarize(records: readonly EditRecord[]): Summary {
  const drawdown = estimate(records.map((record) => record.drawdown));
  return {
    drawdown: drawdown.mean,
    drawdownInterval: drawdown.interval,
    drawdownAbsolute: average(records.map((record) => Math.abs(record.drawdown))),
    flips: average(records.map((record) => record.flips)),
    successRate: average(records.map((record) => Number(record.success))),
    meanSteps: average(records.map((record) => record.steps)),
    edits: records.length,
    generality: average(records.flatMap((record) => (record.generality === null ? [] : [record.generality]))),
  };
}

/** Makes edits of one model on one set of layers and judges each; tuning runs many editors through the same one. */
export class Evaluator implements Disposable {
  readonly #model: nn.Model;
  readonly #dataset: ImageDataset;
  readonly #options: EvaluateOptions & {
    readonly seed: number;
    readonly targets: EditTargets;
    readonly views: number;
    readonly device: Device;
  };
  readonly #split: ImageSplit;
  readonly #normalization: Normalization;
  readonly #testSet: TestSet;
  readonly #activations: Activations;
  readonly #base: Uint8Array;
  readonly #baseError: number;

  constructor(model: nn.Model, dataset: ImageDataset, options: EvaluateOptions) {
    const { seed = 0, targets = 'random', views = 10, device = 'cpu', split = dataset.split('test') } = options;
    const testImages = options.testImages ?? split.length;
    checkCounts({ edits: options.edits, testImages }, split.length);
    this.#model = model;
    this.#dataset = dataset;
    this.#options = { ...options, editor: canonicalChoice(options.editor), seed, targets, views, device };
    this.#split = split;
    this.#normalization = options.normalization ?? dataset.normalization;
    const from = firstStageOf(model, selectParameters(model, options.editor.layers));
    const judged =
      testImages === split.length
        ? split
        : subset(split, stream(seed, 'test-images').sample(split.length, testImages).sort());
    this.#testSet = new TestSet(judged, { normalization: this.#normalization, device });
    this.#activations = this.#testSet.activations(model, from);
    this.#base = this.#testSet.predict(model, this.#activations);
    if (this.#base.includes(noClass)) {
      throw new EditableError(
        'NOT_FINITE',
        'evaluate: the model gives NaN or infinity before any edit; its weights are not finite.',
      );
    }
    this.#baseError = errorRate(this.#base, this.#testSet.labels);
  }

  tasks(): EditTask[] {
    const { edits, seed, targets } = this.#options;
    if (targets === 'random') return randomTasks(this.#split, { edits, classes: this.#dataset.classes.length, seed });
    using all = new TestSet(this.#split, { normalization: this.#normalization, device: this.#options.device });
    return mistakeTasks(all.predict(this.#model), all.labels, { edits, seed });
  }

  facts(): Pick<Evaluation, 'testError' | 'testImages' | 'editor' | 'targets' | 'seed'> {
    const { editor, targets, seed } = this.#options;
    return { testError: this.#baseError, testImages: this.#testSet.length, editor, targets, seed };
  }

  /** What two evaluations must share for one to continue the other's records. */
  key(): string {
    const { editor, seed, targets, views } = this.#options;
    const identity = {
      model: modelHash(this.#model),
      dataset: this.#dataset.name,
      images: this.#testSet.length,
      editor,
      seed,
      targets,
      views,
    };
    return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  }

  run(task: EditTask, position: number, editor: Editor = this.#editor()): EditRecord {
    return scope(() => {
      const image = this.#split.image(task.index);
      const input = this.#input([image]);
      const { layers, maxSteps } = this.#options.editor;
      const predicted = noGrad(() => this.#model.call(input).output.argmax({ dim: 1 }).item());
      const result = edit(this.#model, classification(input, task.target), { editor, layers, maxSteps });
      const after = result.steps === 0 ? this.#base : this.#testSet.predict(result.model, this.#activations);
      const errorAfter = errorRate(after, this.#testSet.labels);
      return {
        ...task,
        label: this.#split.labels[task.index]!,
        predicted,
        success: result.success,
        steps: result.steps,
        loss: result.loss,
        errorAfter,
        drawdown: errorAfter - this.#baseError,
        flips: countFlips(this.#base, after),
        generality: this.#generality(image, task, result, position),
      };
    });
  }

  #editor(): Editor {
    const { name, hyperparameters } = this.#options.editor;
    return editorNamed(name, hyperparameters);
  }

  #generality(
    image: Uint8Array,
    { target }: EditTask,
    { model, success, steps }: EditResult,
    position: number,
  ): number | null {
    const { views, seed } = this.#options;
    if (!success || steps === 0 || views === 0) return null;
    const images = augmentedViews(image, this.#dataset.shape, views, stream(seed, 'views', position));
    return noGrad(() =>
      model.call(this.#input(images)).output.argmax({ dim: 1 }).eq(target).to('float32').mean().item(),
    );
  }

  #input(images: Uint8Array[]): ReturnType<typeof tensor> {
    const { shape } = this.#dataset;
    return tensor(normalizeImages(images, shape, this.#normalization), {
      shape: [images.length, ...shape],
      device: this.#options.device,
    });
  }

  [Symbol.dispose](): void {
    this.#activations[Symbol.dispose]();
    this.#testSet[Symbol.dispose]();
  }
}

/** Records after a first line that says what they are of; those of something else are dropped. */
class RecordsFile {
  readonly records: EditRecord[];
  readonly #lines: JsonLines<EditRecord | { readonly evaluation: string }>;

  constructor(path: string, key: string) {
    this.#lines = new JsonLines(path);
    const [header, ...rest] = this.#lines.read();
    const same = header !== undefined && 'evaluation' in header && header.evaluation === key;
    this.records = same ? (rest as EditRecord[]) : [];
    this.#lines.write([{ evaluation: key }, ...this.records]);
  }

  append(record: EditRecord): void {
    this.#lines.append(record);
  }
}

function checkCounts(counts: Readonly<Record<string, number>>, available: number): void {
  for (const [name, count] of Object.entries(counts)) {
    if (Number.isInteger(count) && count >= 1 && count <= available) continue;
    throw new EditableError(
      'INVALID_ARGUMENT',
      `${name}: expected a whole number from 1 to ${available}, received ${count}.`,
    );
  }
}
