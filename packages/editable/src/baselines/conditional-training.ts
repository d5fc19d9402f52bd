/** Training of Editable+CNP in progress: working copies of model and encoder, and one step on a batch and a random edit. */
import { loadSafetensors, type nn, noGrad, optim, saveSafetensors, scope, type Tensor } from '@editable/torch';
import { type Augmentation, BatchSchedule, type RandomStream, stream } from '../data/index.js';
import { EditableError } from '../errors.js';
import type { TrainingBatch } from '../tasks/task.js';
import { clippedStep, WorkingCopy } from '../training/working-copy.js';
import {
  type ConditionalEdit,
  type ConditionalObjectiveOptions,
  conditionalObjective,
} from './conditional-objective.js';
import type { ConditionalProcess } from './conditional-process.js';
import { type TrainImages, trainBatch } from './train-images.js';

/** What decides every step. */
export interface ConditionalSettings extends ConditionalObjectiveOptions {
  readonly train: TrainImages;
  readonly steps: number;
  readonly batchSize: number;
  /** Adam's, at the start of half a cosine. */
  readonly learningRate: number;
  /** Bound on the norm of all gradients together. */
  readonly clipNorm: number;
  /** Of batches and edited images. */
  readonly augmentation?: Augmentation;
  readonly seed: number;
}

export interface ConditionalStepTerms {
  readonly loss: number;
  readonly base: number;
  readonly edit: number;
  readonly locality: number;
  readonly success: boolean;
}

export class ConditionalTraining implements Disposable {
  readonly #process: ConditionalProcess;
  readonly #settings: ConditionalSettings;
  readonly #model: WorkingCopy;
  readonly #encoder: WorkingCopy;
  readonly #optimizer: optim.Optimizer;
  readonly #learningRate: optim.Schedule;
  readonly #schedule: BatchSchedule;

  constructor(process: ConditionalProcess, settings: ConditionalSettings) {
    this.#process = process;
    this.#settings = settings;
    this.#model = new WorkingCopy(process.model);
    this.#encoder = new WorkingCopy(process.encoder);
    this.#optimizer = new optim.Adam({ learningRate: settings.learningRate });
    this.#learningRate = optim.cosine(settings.learningRate, settings);
    this.#schedule = new BatchSchedule(settings.train.split.length, settings);
  }

  step(step: number): ConditionalStepTerms {
    return scope(() => {
      const { freeze, clipNorm } = this.#settings;
      const parameters = freeze ? this.#process.model.parameters : this.#model.parameters;
      const process = { ...this.#process, model: this.#model.training };
      const { total, base, edit, locality, success, buffers } = conditionalObjective(
        process,
        parameters,
        this.#encoder.parameters,
        this.#batch(step),
        this.#edit(step),
        this.#settings,
      );
      const terms = { loss: total.item(), base: base.item(), edit: edit.item(), locality: locality.item(), success };
      if (!Number.isFinite(terms.loss)) {
        throw new EditableError(
          'NOT_FINITE',
          `training diverged: the loss is ${terms.loss}. Try a smaller learning rate.`,
        );
      }
      this.#optimizer.learningRate = this.#learningRate(step);
      // With the model frozen and an edit that needs nothing, no parameter has a part in the loss.
      if (total.requiresGrad) clippedStep(this.#optimizer, total, this.#learned(), clipNorm);
      this.#model.keep(buffers);
      return terms;
    });
  }

  trained(): ConditionalProcess {
    const { model } = this.#process;
    const { freeze } = this.#settings;
    return { ...this.#process, model: freeze ? model : this.#model.trained, encoder: this.#encoder.trained };
  }

  save(path: string, key: string, step: number): void {
    scope(() =>
      saveSafetensors(
        path,
        this.#state(),
        new Map([
          ['step', String(step)],
          ['training', key],
        ]),
      ),
    );
  }

  /** The steps done there. */
  load(path: string, key: string): number {
    return scope(() => {
      const { tensors, metadata } = loadSafetensors(path);
      if (metadata.get('training') !== key) {
        throw new EditableError('INVALID_RUN', `${path} is a checkpoint of another training; choose another file.`);
      }
      const own = this.#state();
      noGrad(() => {
        for (const [name, value] of tensors)
          if (!name.startsWith(optimizerPrefix)) own.get(name)?.detach().copy_(value);
      });
      const remembered = [...tensors].filter(([name]) => name.startsWith(optimizerPrefix));
      this.#optimizer.load(new Map(remembered.map(([name, value]) => [name.slice(optimizerPrefix.length), value])));
      return Number(metadata.get('step'));
    });
  }

  #state(): nn.NamedTensors {
    const groups: readonly (readonly [string, nn.NamedTensors])[] = [
      ['model.', this.#model.parameters],
      ['model.', this.#model.buffers],
      ['encoder.', this.#encoder.parameters],
      [optimizerPrefix, this.#optimizer.state()],
    ];
    return new Map(groups.flatMap(([group, all]) => [...all].map(([name, value]) => [group + name, value] as const)));
  }

  #learned(): readonly Tensor[] {
    const encoder = [...this.#encoder.parameters.values()];
    return this.#settings.freeze ? encoder : [...this.#model.parameters.values(), ...encoder];
  }

  #batch(step: number): TrainingBatch {
    return trainBatch(this.#settings.train, this.#schedule.at(step), this.#augment('augment', step));
  }

  #edit(step: number): ConditionalEdit {
    const { train, seed } = this.#settings;
    const random = stream(seed, 'edit', step);
    const { input } = trainBatch(train, [random.int(train.split.length)], this.#augment('augment-edit', step));
    return { input, target: random.int(this.#classes) };
  }

  get #classes(): number {
    return this.#process.encoder.parameters.get('embedding.weight')?.shape[0] as number;
  }

  #augment(label: string, step: number): (Augmentation & { readonly random: RandomStream }) | undefined {
    const { augmentation, seed } = this.#settings;
    return augmentation && { ...augmentation, random: stream(seed, label, step) };
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
    this.#model[Symbol.dispose]();
    this.#encoder[Symbol.dispose]();
  }
}

const optimizerPrefix = 'optimizer.';
