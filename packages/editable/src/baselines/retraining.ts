/**
 * Retraining on the data plus the mistake (section 1): plain training goes on from the model, with the mistake and its
 * target in every batch, for a stated number of steps; then the constraint is looked at.
 */
import { cat, type nn, optim, scope, type Tensor, tensor } from '@editable/torch';
import { type Augmentation, BatchSchedule, stream } from '../data/index.js';
import { classification } from '../editing/constraints/classification.js';
import { EditableError } from '../errors.js';
import type { Activations } from '../evaluation/activations.js';
import { classesOf } from '../evaluation/predictions.js';
import type { BasePredictions, Repair, Repairer } from '../evaluation/repairer.js';
import type { TestSet } from '../evaluation/test-set.js';
import { modelHash } from '../patches/model-hash.js';
import { imageClassification } from '../tasks/image-classification.js';
import type { TrainingBatch } from '../tasks/task.js';
import { baseObjective } from '../training/objective.js';
import { trainingSteps } from '../training/training-steps.js';
import { clippedStep, WorkingCopy } from '../training/working-copy.js';
import { lossOf, repairedModel, unchanged } from './repaired-model.js';
import { hashOf, type TrainImages, trainBatch } from './train-images.js';

export interface RetrainingOptions {
  readonly train: TrainImages;
  /** Training steps, all of which are made. */
  readonly steps: number;
  /** Training images a step; the mistake comes on top. Default 128. */
  readonly batchSize?: number;
  /** Adam's; default 1e-3. */
  readonly learningRate?: number;
  /** Bound on the norm of all gradients together; default 10. */
  readonly clipNorm?: number;
  /** Of the training images; the mistake is shown as it is. Default: none. */
  readonly augmentation?: Augmentation;
  /** Draws batches and augmentation, the same ones for every repair. */
  readonly seed?: number;
}

type Settings = Required<Omit<RetrainingOptions, 'train' | 'augmentation'>> & {
  readonly augmentation: Augmentation | null;
};

/** What the paper says costs too much: steps are steps of training. */
export class RetrainingRepairer implements Repairer {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly labels: Int32Array;
  readonly base: BasePredictions;
  readonly #model: nn.Model;
  readonly #testSet: TestSet;
  readonly #images: Activations;
  readonly #train: TrainImages;
  readonly #settings: Settings;

  /** The test set stays the caller's to dispose. @throws EditableError INVALID_ARGUMENT unless `steps` is at least 1 */
  constructor(model: nn.Model, testSet: TestSet, { train, ...options }: RetrainingOptions) {
    this.#settings = { batchSize: 128, learningRate: 1e-3, clipNorm: 10, augmentation: null, seed: 0, ...options };
    const { steps } = this.#settings;
    if (!Number.isInteger(steps) || steps < 1) {
      throw new EditableError(
        'INVALID_ARGUMENT',
        `RetrainingRepairer: expected steps to be a whole number of at least 1, received ${steps}.`,
      );
    }
    this.#model = model;
    this.#testSet = testSet;
    this.#train = train;
    this.#images = testSet.activations(model, 0);
    this.identity = { method: 'retraining', model: modelHash(model), ...this.#settings, train: hashOf(train) };
    this.labels = testSet.labels;
    this.base = testSet.probabilities(model, this.#images);
  }

  classify(images: Tensor): Int32Array {
    return classesOf(this.#model, images);
  }

  repair(input: Tensor, target: number): Repair {
    const constraint = classification(input, target);
    const before = lossOf(this.#model, constraint);
    if (before <= 0) return unchanged(this, before);
    const retrained = this.#retrain(input, target);
    const loss = scope(() => constraint.loss(retrained.call(input).output).item());
    const outcome = { success: loss <= 0, steps: this.#settings.steps, loss };
    return repairedModel(retrained, { testSet: this.#testSet, activations: this.#images }, outcome);
  }

  #retrain(input: Tensor, target: number): nn.Model {
    const { steps, batchSize, learningRate, clipNorm, seed } = this.#settings;
    const schedule = new BatchSchedule(this.#train.split.length, { batchSize, seed });
    return scope(() => {
      const copy = new WorkingCopy(this.#model);
      using optimizer = new optim.Adam({ learningRate });
      for (const step of trainingSteps({ steps })) {
        scope(() => {
          const batch = withMistake(this.#batch(schedule, step), input, target);
          const { total, buffers } = baseObjective(imageClassification, copy.training, copy.parameters, batch);
          clippedStep(optimizer, total, [...copy.parameters.values()], clipNorm);
          copy.keep(buffers);
        });
      }
      return copy.trained;
    });
  }

  #batch(schedule: BatchSchedule, step: number): TrainingBatch {
    const { augmentation, seed } = this.#settings;
    const augment = augmentation && { ...augmentation, random: stream(seed, 'augment', step) };
    return trainBatch(this.#train, schedule.at(step), augment ?? undefined);
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#images[Symbol.dispose]();
  }
}

const withMistake = (batch: TrainingBatch, input: Tensor, target: number): TrainingBatch => ({
  input: cat([batch.input, input]),
  target: cat([batch.target, tensor(BigInt64Array.of(BigInt(target)), { device: input.device })]),
});
