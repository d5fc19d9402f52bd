/** What image classification trains on: batches and edits of one data set, functions of the settings and the step alone. */
import { type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { assembleBatch, BatchSchedule, type ImageDataset, type ImageSplit, stream, subset } from '../data/index.js';
import type { Constraint } from '../editing/constraint.js';
import { classification } from '../editing/constraints/classification.js';
import { EditableError } from '../errors.js';
import { TestSet } from '../evaluation/test-set.js';
import type { RunConfig } from '../runs/run.js';
import { trainingSplits } from '../runs/splits.js';
import { imageClassification } from '../tasks/image-classification.js';
import type { Task, TrainingBatch } from '../tasks/task.js';
import { editDraw } from './edit-draws.js';
import type { TrainingSettings } from './settings.js';
import type { TrainingWork } from './training-work.js';

/** The model that a training starts from. */
export interface StartingModel {
  readonly device: Device;
  readonly whole: nn.Model;
  /** The part of it that is trained. */
  readonly model: nn.Model;
}

export class ImageWork implements TrainingWork {
  readonly task: Task = imageClassification;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly #config: RunConfig;
  readonly #settings: TrainingSettings;
  readonly #dataset: ImageDataset;
  readonly #images: ImageSplit;
  readonly #schedule: BatchSchedule;
  readonly #device: Device;
  /** What is trained, and what it starts from: it gives the trained part its inputs, and predictions to keep. */
  readonly #start: StartingModel;
  #mistakes: readonly number[] | undefined;

  constructor(config: RunConfig, settings: TrainingSettings, dataset: ImageDataset, start: StartingModel) {
    const { train } = trainingSplits(dataset);
    const count = Math.min(settings.trainImages ?? train.length, train.length);
    this.#images = subset(
      train,
      Uint32Array.from({ length: count }, (_, i) => i),
    );
    this.#schedule = new BatchSchedule(count, settings);
    this.stepsPerEpoch = this.#schedule.stepsPerEpoch;
    this.steps = this.stepsPerEpoch * settings.epochs;
    this.#config = config;
    this.#settings = settings;
    this.#dataset = dataset;
    this.#device = start.device;
    this.#start = start;
  }

  batch(step: number): TrainingBatch {
    const { input: images, target } = this.#assemble(this.#schedule.at(step), 'augment', step);
    const input = this.#enter(images);
    if (this.#settings.baseLoss !== 'distillation') return { input, target };
    return { input, target, teacher: noGrad(() => scope(() => this.#start.model.call(input).output)) };
  }

  /** One edit a step, of an augmented training image. */
  constraint(step: number): Constraint | undefined {
    if (this.#settings.objective === 'plain') return undefined;
    const { index, target } = editDraw(this.#settings, step, {
      images: this.#images,
      classes: this.#config.classes.length,
      mistakes: () => this.#mistakesOfStart(),
    });
    const input = this.#enter(this.#assemble([index], 'augment-edit', step).input);
    return classification(
      input,
      target(() => this.#rankedByStart(input)),
    );
  }

  #mistakesOfStart(): readonly number[] {
    this.#mistakes ??= this.#findMistakes();
    return this.#mistakes;
  }

  #findMistakes(): readonly number[] {
    using images = new TestSet(this.#images, { normalization: this.#config.normalization, device: this.#start.device });
    const predicted = images.predict(this.#start.whole);
    const mistakes = [...predicted.keys()].filter((i) => predicted[i] !== this.#images.labels[i]);
    if (mistakes.length > 0) return mistakes;
    throw new EditableError(
      'INVALID_ARGUMENT',
      `editTargets: expected training images that the starting model gets wrong; it gets all ${this.#images.length} right. Train on random targets.`,
    );
  }

  /** The classes of one input that the trained part receives, the likeliest first. */
  #rankedByStart(input: Tensor): readonly number[] {
    return scope(() => {
      const order = noGrad(() => this.#start.model.call(input).output).argsort({ dim: 1, descending: true });
      return Array.from(order.data() as BigInt64Array, Number);
    });
  }

  /** What the trained part receives. */
  #enter(images: Tensor): Tensor {
    const { whole, model } = this.#start;
    if (model === whole) return images;
    return noGrad(() => scope(() => whole.call(images, { to: whole.stages.length - model.stages.length }).output));
  }

  #assemble(indices: ArrayLike<number>, label: string, step: number): TrainingBatch {
    const { seed, augment } = this.#settings;
    const { images, labels } = assembleBatch(this.#images, indices, {
      normalization: this.#config.normalization,
      ...(augment ? { augment: { ...this.#dataset.augmentation, random: stream(seed, label, step) } } : {}),
    });
    const device = this.#device;
    return {
      input: tensor(images, { shape: [indices.length, ...this.#config.shape], device }),
      target: tensor(labels, { device }),
    };
  }
}
