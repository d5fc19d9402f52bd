/** What image classification trains on: batches and edits of one data set, functions of the settings and the step alone. */
import { type Device, noGrad, scope, type Tensor } from '@editable/torch';
import {
  type Augment,
  BatchSchedule,
  type ImageDataset,
  type ImageSplit,
  ReadAhead,
  randomResizedCrop,
  stream,
  subset,
} from '../data/index.js';
import type { Constraint } from '../editing/constraint.js';
import { classification } from '../editing/constraints/classification.js';
import { EditableError } from '../errors.js';
import { TestSet } from '../evaluation/test-set.js';
import type { RunConfig } from '../runs/run-config.js';
import { trainingSplits } from '../runs/splits.js';
import { alone, rangeOf, type Share } from '../sharing/share.js';
import { imageClassification } from '../tasks/image-classification.js';
import type { Task, TrainingBatch } from '../tasks/task.js';
import { checkEdits, editsOf } from './batch-share.js';
import { type EditDraw, editDraw } from './edit-draws.js';
import type { TrainingSettings } from './settings.js';
import { type ReadImages, type StartingModel, type TrainingInputs, trainingInputs } from './training-inputs.js';
import type { TrainingWork } from './training-work.js';

/** The images of a step as they were read. */
interface StepImages {
  readonly step: number;
  readonly batch: ReadImages;
  readonly edits: ReadonlyMap<number, Pick<EditDraw, 'target'> & { readonly image: ReadImages }>;
}

/** Steps whose photographs are read while one is trained on. */
const stepsAhead = 2;

export class ImageWork implements TrainingWork {
  readonly task: Task = imageClassification;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly #config: RunConfig;
  readonly #settings: TrainingSettings;
  readonly #dataset: ImageDataset;
  readonly #images: ImageSplit;
  readonly #inputs: TrainingInputs;
  readonly #schedule: BatchSchedule;
  readonly #device: Device;
  /** What is trained, and what it starts from: it gives the trained part its inputs, and predictions to keep. */
  readonly #start: StartingModel;
  readonly #share: Share;
  readonly isShare = true;
  readonly #reading: ReadAhead<StepImages>;
  #read: StepImages | undefined;
  #mistakes: readonly number[] | undefined;

  /** `share`: which of the processes that train together this one is. */
  constructor(
    config: RunConfig,
    settings: TrainingSettings,
    dataset: ImageDataset,
    start: StartingModel,
    share: Share = alone,
  ) {
    checkShare(settings, share);
    this.#share = share;
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
    const { augment: augments } = settings;
    this.#inputs = trainingInputs(this.#images, start, { normalization: config.normalization, augments });
    // What is in memory already needs no reading ahead.
    const ahead = train.files === undefined ? 0 : stepsAhead;
    this.#reading = new ReadAhead((step) => this.#imagesOf(step), { ahead, end: this.steps });
  }

  async read(step: number): Promise<void> {
    this.#read = await this.#reading.at(step);
  }

  batch(step: number): TrainingBatch {
    const { input, target } = this.#readFor(step).batch();
    if (this.#settings.baseLoss !== 'distillation') return { input, target };
    return { input, target, teacher: noGrad(() => scope(() => this.#start.model.call(input).output)) };
  }

  /** An edit of the step, of an augmented training image; only this process's own are read. */
  constraint(step: number, edit = 0): Constraint | undefined {
    const drawn = this.#readFor(step).edits.get(edit);
    if (drawn === undefined) return undefined;
    const { input } = drawn.image();
    return classification(
      input,
      drawn.target(() => this.#rankedByStart(input)),
    );
  }

  #readFor(step: number): StepImages {
    if (this.#read?.step === step) return this.#read;
    throw new EditableError('INVALID_ARGUMENT', `batch, constraint: expected step ${step} to be read before.`);
  }

  async #imagesOf(step: number): Promise<StepImages> {
    const { batchSize, objective, editsPerStep = 1 } = this.#settings;
    const range = rangeOf(batchSize, this.#share);
    const reading = this.#inputs.read(Array.from(this.#schedule.at(step)), this.#augment('augment', step), range);
    const own = objective === 'plain' ? [] : [...new Set(editsOf(this.#share, editsPerStep))];
    const editing = own.map(async (edit) => {
      const { index, target } = editDraw(this.#settings, step, {
        images: this.#images,
        classes: this.#config.classes.length,
        mistakes: () => this.#mistakesOfStart(),
        edit,
      });
      const labels = edit === 0 ? [] : [edit];
      const image = await this.#inputs.read([index], this.#augment('augment-edit', step, ...labels));
      return [edit, { image, target }] as const;
    });
    const [batch, edits] = await Promise.all([reading, Promise.all(editing)]);
    return { step, batch, edits: new Map(edits) };
  }

  #augment(label: string, step: number, ...more: readonly number[]): Augment | undefined {
    const { augment, augmentation, seed } = this.#settings;
    if (!augment) return undefined;
    const random = stream(seed, label, step, ...more);
    return augmentation === 'random-resized-crop'
      ? { ...randomResizedCrop, random }
      : { ...this.#dataset.augmentation, random };
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
}

/** Every process has as many images and edits as any other. @throws EditableError INVALID_ARGUMENT */
function checkShare({ batchSize, objective, editsPerStep = 1 }: TrainingSettings, { size }: Share): void {
  const parts = Math.max(size, objective === 'plain' ? 1 : editsPerStep);
  if (batchSize % parts !== 0) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `batchSize: expected a multiple of ${parts}, as ${size} processes and ${editsPerStep} edits a step share it, received ${batchSize}.`,
    );
  }
  if (objective !== 'plain') checkEdits(editsPerStep, size);
}

/** Known before anything is written. @throws EditableError INVALID_ARGUMENT for random crops of what is no photograph */
export function checkAugmentation(
  { augment, augmentation }: TrainingSettings,
  { name, preprocessing }: ImageDataset,
): void {
  if (!augment || augmentation !== 'random-resized-crop' || preprocessing !== undefined) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `augmentation: expected a folder of photographs for random-resized-crop, received ${name}; train with shift.`,
  );
}
