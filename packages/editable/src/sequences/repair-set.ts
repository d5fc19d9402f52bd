/**
 * Pictures with the classes they must get, as constraints on what the first edited stage receives: computed once, kept for
 * every solution; and the images that a repaired model is judged on, none of which is repaired.
 */
import { createHash } from 'node:crypto';
import { cat, type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import {
  type ImageDataset,
  type ImageSplit,
  type Normalization,
  normalizeImages,
  stream,
  subset,
} from '../data/index.js';
import type { Constraint } from '../editing/constraint.js';
import { checkLabel, repairOf } from '../editing/constraints/classification.js';
import type { EditorChoice } from '../editing/editor-choice.js';
import { receivedBy } from '../editing/together/edit-together.js';
import { EditableError } from '../errors.js';
import { pictureViews } from '../evaluation/picture-views.js';
import { classesOf, countFlips, countNegativeFlips, errorRate, noClass } from '../evaluation/predictions.js';
import { average } from '../evaluation/statistics.js';
import { CachedImages } from './cached-images.js';

/** One repair of a set: an image of the test split or a picture of one's own, and the class that it must get. */
export interface RepairTask {
  /** In the test split. */
  readonly index?: number | undefined;
  /** [C, H, W] bytes, where it is no test image. */
  readonly pixels?: Uint8Array | undefined;
  readonly target: number;
}

export interface RepairSetOptions {
  readonly tasks: readonly RepairTask[];
  readonly editor: Pick<EditorChoice, 'views' | 'margin'>;
  /** The first edited stage. */
  readonly from: number;
  /** Judge on a random sample of so many images; default: all that are repaired nowhere. */
  readonly testImages?: number | undefined;
  /** Views of each picture, seen by no constraint, that generality is judged on. */
  readonly unseenViews: number;
  readonly normalization: Normalization;
  readonly device: Device;
  readonly seed: number;
}

/** A repaired model on the images that are repaired nowhere. */
export interface Judgement {
  readonly error: number;
  /** Predictions that differ from the base's. */
  readonly flips: number;
  /** Right answers of the base that are wrong now. */
  readonly negativeFlips: number;
}

export class RepairSet implements Disposable {
  /** In the order of the tasks; their inputs are what the first edited stage receives. */
  readonly constraints: readonly Constraint[];
  /** Tasks that ask for different classes of the same picture: pairs, by position. */
  readonly contradictions: readonly (readonly [number, number])[];
  readonly errorBefore: number;
  readonly #base: nn.Model;
  readonly #dataset: ImageDataset;
  readonly #options: RepairSetOptions;
  readonly #split: ImageSplit;
  readonly #pixels: readonly Uint8Array[];
  /** The pictures themselves, as the first edited stage receives them. */
  readonly #inputs: Tensor;
  readonly #judged: CachedImages;
  readonly #before: Int32Array;

  /** @throws EditableError INVALID_ARGUMENT for tasks or counts out of range; NOT_FINITE where the base gives NaN */
  constructor(base: nn.Model, dataset: ImageDataset, options: RepairSetOptions) {
    this.#base = base;
    this.#dataset = dataset;
    this.#options = options;
    this.#split = dataset.split('test');
    this.#pixels = options.tasks.map((task, position) => this.#picture(task, position));
    this.contradictions = contradictionsIn(options.tasks, this.#pixels);
    const { from, normalization, device } = options;
    this.#judged = new CachedImages(this.#others(), { model: base, from, normalization, device });
    this.constraints = this.#pixels.map((pixels, position) => this.#constraint(pixels, position));
    this.#inputs = scope(() => cat(this.constraints.map(({ input }) => input.narrow(0, 0, 1))));
    this.#before = this.#judged.classes(base);
    this.errorBefore = errorRate(this.#before, this.#judged.labels);
    if (!this.#before.includes(noClass)) return;
    this[Symbol.dispose]();
    throw new EditableError('NOT_FINITE', 'repairMany: the model gives NaN or infinity before any repair.');
  }

  get testImages(): number {
    return this.#judged.labels.length;
  }

  /** null for a picture of one's own. */
  labelOf({ index }: RepairTask): number | null {
    return index === undefined ? null : this.#split.labels[index]!;
  }

  judge(model: nn.Model): Judgement {
    const after = this.#judged.classes(model);
    const { labels } = this.#judged;
    return {
      error: errorRate(after, labels),
      flips: countFlips(this.#before, after),
      negativeFlips: countNegativeFlips(this.#before, after, labels),
    };
  }

  /** The model's classes of the first `count` pictures. */
  answers(model: nn.Model, count: number = this.constraints.length): Int32Array {
    return scope(() => classesOf(model, this.#inputs.narrow(0, 0, count), this.#options.from));
  }

  answer(model: nn.Model, position: number): number {
    return scope(() => classesOf(model, this.#inputs.narrow(0, position, 1), this.#options.from)[0]!);
  }

  /** Share of unseen views that follow, the mean over the pictures at `positions`; null where there are none. */
  generality(model: nn.Model, positions: readonly number[]): number | null {
    const { tasks, unseenViews: unseen, seed } = this.#options;
    if (unseen === 0 || positions.length === 0) return null;
    const { shape } = this.#dataset;
    const shares = positions.map((position) =>
      scope(() => {
        const views = pictureViews(this.#pixels[position]!, { shape, held: 0, unseen, seed });
        const classes = classesOf(model, this.#batch(views.unseen));
        return classes.filter((each) => each === tasks[position]!.target).length / unseen;
      }),
    );
    return average(shares);
  }

  #constraint(pixels: Uint8Array, position: number): Constraint {
    const { editor, from, seed } = this.#options;
    const { views = 0, margin = 0 } = editor;
    const { target } = this.#options.tasks[position]!;
    const { held } = pictureViews(pixels, { shape: this.#dataset.shape, held: views, unseen: 0, seed });
    return scope(() => {
      const constraint = repairOf(this.#batch([pixels]), target, {
        views: held.length === 0 ? undefined : this.#batch(held),
        margin,
      });
      return receivedBy(this.#base, constraint, from);
    });
  }

  #batch(images: readonly Uint8Array[]): Tensor {
    const { normalization, device } = this.#options;
    const { shape } = this.#dataset;
    return noGrad(() =>
      tensor(normalizeImages([...images], shape, normalization), { shape: [images.length, ...shape], device }),
    );
  }

  #picture({ index, pixels, target }: RepairTask, position: number): Uint8Array {
    checkLabel(target, this.#dataset.classes.length);
    if (pixels !== undefined) return pixels;
    if (index !== undefined && Number.isInteger(index) && index >= 0 && index < this.#split.length)
      return this.#split.image(index);
    throw new EditableError(
      'INVALID_ARGUMENT',
      `repairMany: expected a test image from 0 to ${this.#split.length - 1} for repair ${position}, received ${index}.`,
    );
  }

  /** A repaired image would count for having been repaired: that is not what happens to the rest. */
  #others(): ImageSplit {
    const { tasks, testImages, seed } = this.#options;
    const repaired = new Set(tasks.map(({ index }) => index));
    const others = [...this.#split.labels.keys()].filter((index) => !repaired.has(index));
    if (testImages === undefined || testImages >= others.length) return subset(this.#split, others);
    const sample = stream(seed, 'sequence-images').sample(others.length, testImages).sort();
    return subset(
      this.#split,
      Array.from(sample, (at) => others[at]!),
    );
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    for (const { input } of this.constraints ?? []) input.dispose();
    this.#inputs?.dispose();
    this.#judged[Symbol.dispose]();
  }
}

/** Pairs of positions with the same pixels and different targets. */
function contradictionsIn(
  tasks: readonly RepairTask[],
  pixels: readonly Uint8Array[],
): readonly (readonly [number, number])[] {
  const byPicture = new Map<string, number[]>();
  for (const [position, each] of pixels.entries()) {
    const picture = createHash('sha256').update(each).digest('hex');
    byPicture.set(picture, [...(byPicture.get(picture) ?? []), position]);
  }
  return [...byPicture.values()].flatMap((positions) =>
    positions.flatMap((a) =>
      positions.flatMap((b) => (a < b && tasks[a]!.target !== tasks[b]!.target ? [[a, b] as const] : [])),
    ),
  );
}
