/** Training of Editable+CNP (section 4.1), model and encoder together or the encoder alone: one random edit a batch. */
import { existsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { loadSafetensors, type nn, noGrad, optim, saveSafetensors, scope, type Tensor } from '@editable/torch';
import { type Augmentation, BatchSchedule, type RandomStream, stream } from '../data/index.js';
import { EditableError } from '../errors.js';
import { modelHash } from '../patches/model-hash.js';
import type { TrainingBatch } from '../training/objective.js';
import { type ConditionalEdit, conditionalObjective } from './conditional-objective.js';
import type { ConditionalProcess } from './conditional-process.js';
import { hashOf, type TrainImages, trainBatch } from './train-images.js';
import { clippedStep, WorkingCopy } from './working-copy.js';

export interface ConditionalTrainingOptions {
  readonly train: TrainImages;
  readonly steps: number;
  /** Default 128. */
  readonly batchSize?: number;
  /** Adam's, at the start of half a cosine; default 1e-3. */
  readonly learningRate?: number;
  /** Default 0.01, as cLoc. */
  readonly cEdit?: number;
  readonly cLoc?: number;
  /** Nats by which an edit's target must lead in training, for more success and less locality; default 0. */
  readonly margin?: number;
  /** Train the encoder alone: the model keeps its weights, and there is no base loss. */
  readonly freeze?: boolean;
  /** Bound on the norm of all gradients together; default 10. */
  readonly clipNorm?: number;
  /** Of batches and edited images; default: none. */
  readonly augmentation?: Augmentation;
  readonly seed?: number;
  /** Continued from where it is there, written every `checkpointEvery` steps, left there at the end. */
  readonly checkpointFile?: string;
  /** Default 200. */
  readonly checkpointEvery?: number;
  readonly onStep?: (terms: ConditionalTerms) => void;
}

export interface ConditionalTerms {
  /** Steps done, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly base: number;
  readonly edit: number;
  readonly locality: number;
  readonly success: boolean;
}

/**
 * Trains encoder and model together from where they stand; those given are left as they were.
 *
 * @throws EditableError NOT_FINITE where training diverges; INVALID_RUN for a checkpoint of another training.
 */
export async function trainConditionalProcess(
  process: ConditionalProcess,
  options: ConditionalTrainingOptions,
): Promise<ConditionalProcess> {
  const settings = { ...defaults, ...options };
  const { steps, checkpointFile, checkpointEvery, onStep = () => {} } = settings;
  using training = new ConditionalTraining(process, settings);
  const key = checkpointFile === undefined ? '' : trainingKey(process, settings);
  let done = checkpointFile !== undefined && existsSync(checkpointFile) ? training.load(checkpointFile, key) : 0;
  while (done < steps) {
    const terms = training.step(done);
    done += 1;
    onStep({ step: done, ...terms });
    if (checkpointFile !== undefined && (done % checkpointEvery === 0 || done === steps))
      training.save(checkpointFile, key, done);
    await turn();
  }
  return training.trained();
}

const defaults = {
  batchSize: 128,
  learningRate: 1e-3,
  cEdit: 0.01,
  cLoc: 0.01,
  margin: 0,
  freeze: false,
  clipNorm: 10,
  seed: 0,
  checkpointEvery: 200,
};

type Settings = typeof defaults & ConditionalTrainingOptions;

class ConditionalTraining implements Disposable {
  readonly #process: ConditionalProcess;
  readonly #settings: Settings;
  readonly #model: WorkingCopy;
  readonly #encoder: WorkingCopy;
  readonly #optimizer: optim.Optimizer;
  readonly #learningRate: optim.Schedule;
  readonly #schedule: BatchSchedule;

  constructor(process: ConditionalProcess, settings: Settings) {
    this.#process = process;
    this.#settings = settings;
    this.#model = new WorkingCopy(process.model);
    this.#encoder = new WorkingCopy(process.encoder);
    this.#optimizer = new optim.Adam({ learningRate: settings.learningRate });
    this.#learningRate = optim.cosine(settings.learningRate, settings);
    this.#schedule = new BatchSchedule(settings.train.split.length, settings);
  }

  step(step: number): Omit<ConditionalTerms, 'step'> {
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
    const { images } = trainBatch(train, [random.int(train.split.length)], this.#augment('augment-edit', step));
    return { input: images, target: random.int(this.#classes) };
  }

  get #classes(): number {
    return this.#process.encoder.parameters.get('embedding.weight')?.shape[0] as number;
  }

  #augment(label: string, step: number): (Augmentation & { readonly random: RandomStream }) | undefined {
    const { augmentation, seed } = this.#settings;
    return augmentation && { ...augmentation, random: stream(seed, label, step) };
  }

  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
    this.#model[Symbol.dispose]();
    this.#encoder[Symbol.dispose]();
  }
}

const optimizerPrefix = 'optimizer.';

/** What a checkpoint must share with a training to be continued by it. */
function trainingKey({ model, encoder, after }: ConditionalProcess, settings: Settings): string {
  const { train, checkpointFile: _file, checkpointEvery: _every, onStep: _onStep, ...rest } = settings;
  return JSON.stringify({ ...rest, after, model: modelHash(model), encoder: modelHash(encoder), train: hashOf(train) });
}
