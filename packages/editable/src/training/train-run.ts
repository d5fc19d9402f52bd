/** Trains into a run's folder. Killed at any moment and called again it continues, to the same bits. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type Device,
  fromHost,
  type nn,
  noGrad,
  optim,
  readSafetensors,
  scope,
  type Tensor,
  tensor,
  writeSafetensors,
} from '@editable/torch';
import {
  type Augment,
  assembleBatch,
  augmentedImages,
  BatchSchedule,
  type ImageDataset,
  type ImageSplit,
  randomResizedCrop,
  stream,
  subset,
} from '../data/index.js';
import { ReadAhead } from '../data/read-ahead.js';
import type { Constraint } from '../editing/constraint.js';
import { classification } from '../editing/constraints/classification.js';
import { EditableError } from '../errors.js';
import { createModel, grownFrom } from '../models/registry.js';
import { tailOf } from '../models/tail.js';
import { JsonLines } from '../runs/json-lines.js';
import {
  fastLayout,
  keepScript,
  makeRunFolder,
  openRun,
  type Run,
  type RunConfig,
  readRunConfig,
  removeFile,
  runFiles,
  saveEditorChoice,
  saveModel,
  writeJson,
} from '../runs/run.js';
import { trainingSplits } from '../runs/splits.js';
import type { TrainingBatch } from './objective.js';
import { checkTraining, type TrainingSettings } from './settings.js';
import { type StepTerms, Trainer } from './trainer.js';

export interface StepMetrics extends StepTerms {
  /** Steps done, this one included. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly epochs: number;
}

export interface TrainRunOptions {
  readonly onStep?: (metrics: StepMetrics) => void;
  readonly device?: Device;
  /** The model to start from; default: that of the run which the settings' `from` names, else a fresh one. */
  readonly initial?: nn.Model;
}

/**
 * Trains what `config` describes in `folder`, or continues what was begun there; a finished run is opened as it is.
 *
 * @throws EditableError INVALID_RUN where the folder holds a run of other settings; NOT_FINITE where training diverges.
 */
export async function trainRun(
  folder: string,
  config: RunConfig,
  dataset: ImageDataset,
  { onStep = () => {}, device = 'cpu', initial }: TrainRunOptions = {},
): Promise<Run> {
  const { training: settings } = config;
  if (settings === null) throw new EditableError('INVALID_RUN', `${folder} was imported; there is no training to run.`);
  checkTraining(settings);
  checkAugmentation(settings, dataset);
  claimFolder(folder, config);
  if (config.model.kind === 'torchscript' && settings.from !== null)
    keepScript(join(settings.from, config.model.file), folder, config.model.file);
  if (existsSync(join(folder, runFiles.model)) && !existsSync(join(folder, runFiles.checkpoint)))
    return openRun(folder, { device });

  const fresh = { seed: settings.seed, folder, device };
  const from = initial ?? (settings.from === null ? undefined : openRun(settings.from, { device }).model);
  const start = from === undefined ? createModel(config.model, fresh) : grownFrom(from, config.model, fresh);
  const whole = fastLayout(config.model, start);
  const model = settings.freezeBefore === null ? whole : tailOf(whole, settings.freezeBefore);
  const work = new TrainingWork(config, settings, dataset, { device, whole, model });
  const trainer = new Trainer(model, settings);
  const metrics = new JsonLines<StepMetrics>(join(folder, runFiles.metrics));
  let done = loadCheckpoint(folder, trainer, metrics);
  while (done < work.steps) {
    const images = await work.read(done);
    const terms = scope(() => trainer.step(work.batch(images), work.constraint(images), work.learningRate(done)));
    done += 1;
    const line: StepMetrics = {
      step: done,
      steps: work.steps,
      epoch: Math.ceil(done / work.stepsPerEpoch),
      epochs: settings.epochs,
      ...terms,
    };
    metrics.append(line);
    onStep(line);
    if (done % settings.checkpointEvery === 0 || done === work.steps) saveCheckpoint(folder, trainer, done);
    await turn();
  }
  const { parameters, buffers } = trainer.snapshot();
  saveModel(folder, whole.with({ parameters, buffers }));
  saveEditorChoice(folder, {
    ...settings.editor,
    hyperparameters: { ...settings.editor.hyperparameters, ...trainer.hyperparameters() },
  });
  removeFile(join(folder, runFiles.checkpoint));
  return openRun(folder, { device });
}

interface StartingModel {
  readonly device: Device;
  readonly whole: nn.Model;
  /** The part of it that is trained. */
  readonly model: nn.Model;
}

/** The images of a step as they were read. */
interface StepImages {
  readonly batch: ImageSplit;
  /** Of Editable Training: one image, and the label that it is edited to. */
  readonly edit?: { readonly image: ImageSplit; readonly target: number };
}

/** Steps whose photographs are read while one is trained on. */
const stepsAhead = 2;

/** What each step works on: functions of the settings and the step alone. */
class TrainingWork {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: optim.Schedule;
  readonly #config: RunConfig;
  readonly #settings: TrainingSettings;
  readonly #dataset: ImageDataset;
  readonly #images: ImageSplit;
  readonly #schedule: BatchSchedule;
  readonly #device: Device;
  /** What is trained, and what it starts from: it gives the trained part its inputs, and predictions to keep. */
  readonly #start: StartingModel;
  readonly #reading: ReadAhead<StepImages>;

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
    this.learningRate = scheduleOf(settings, this.steps);
    this.#config = config;
    this.#settings = settings;
    this.#dataset = dataset;
    this.#device = start.device;
    this.#start = start;
    // What is in memory already needs no reading ahead.
    const ahead = train.files === undefined ? 0 : stepsAhead;
    this.#reading = new ReadAhead((step) => this.#imagesOf(step), { ahead, end: this.steps });
  }

  read(step: number): Promise<StepImages> {
    return this.#reading.at(step);
  }

  batch({ batch: read }: StepImages): TrainingBatch {
    const { images, labels } = this.#assemble(read);
    const batch = { images: this.#enter(images), labels };
    if (this.#settings.baseLoss !== 'distillation') return batch;
    return { ...batch, teacher: noGrad(() => scope(() => this.#start.model.call(batch.images).output)) };
  }

  constraint({ edit }: StepImages): Constraint | undefined {
    if (edit === undefined) return undefined;
    return classification(this.#enter(this.#assemble(edit.image).images), edit.target);
  }

  /** One edit a step: an augmented training image and a label drawn uniformly (section 4.1). */
  async #imagesOf(step: number): Promise<StepImages> {
    const { objective, seed } = this.#settings;
    const reading = augmentedImages(this.#images, this.#schedule.at(step), this.#augment('augment', step));
    if (objective === 'plain') return { batch: await reading };
    const random = stream(seed, 'edit', step);
    const index = random.int(this.#images.length);
    const target = random.int(this.#config.classes.length);
    const editing = augmentedImages(this.#images, [index], this.#augment('augment-edit', step));
    const [batch, image] = await Promise.all([reading, editing]);
    return { batch, edit: { image, target } };
  }

  #augment(label: string, step: number): Augment | undefined {
    const { augment, augmentation, seed } = this.#settings;
    if (!augment) return undefined;
    const random = stream(seed, label, step);
    return augmentation === 'random-resized-crop'
      ? { ...randomResizedCrop, random }
      : { ...this.#dataset.augmentation, random };
  }

  /** What the trained part receives. */
  #enter(images: Tensor): Tensor {
    const { whole, model } = this.#start;
    if (model === whole) return images;
    return noGrad(() => scope(() => whole.call(images, { to: whole.stages.length - model.stages.length }).output));
  }

  #assemble(read: ImageSplit): { images: Tensor; labels: Tensor } {
    const { normalization, shape } = this.#config;
    const { images, labels } = assembleBatch(read, Uint32Array.from(read.labels.keys()), { normalization });
    const device = this.#device;
    return {
      images: tensor(images, { shape: [read.length, ...shape], device }),
      labels: tensor(labels, { device }),
    };
  }
}

/** Known before anything is written. */
function checkAugmentation({ augment, augmentation }: TrainingSettings, { name, preprocessing }: ImageDataset): void {
  if (!augment || augmentation !== 'random-resized-crop' || preprocessing !== undefined) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `augmentation: expected a folder of photographs for random-resized-crop, received ${name}; train with shift.`,
  );
}

function scheduleOf({ schedule, learningRate }: TrainingSettings, steps: number): optim.Schedule {
  if (schedule === 'constant') return optim.constant(learningRate);
  if (schedule === 'cosine') return optim.cosine(learningRate, { steps });
  return optim.oneCycle(learningRate, { steps });
}

function claimFolder(folder: string, config: RunConfig): void {
  makeRunFolder(folder);
  const path = join(folder, runFiles.config);
  if (!existsSync(path)) {
    writeJson(path, config);
    return;
  }
  const different = differences(readRunConfig(folder), config);
  if (different.length > 0) {
    throw new EditableError(
      'INVALID_RUN',
      `${folder} holds a run of other settings (${different.slice(0, 3).join('; ')}); choose another folder, or remove it.`,
    );
  }
}

/** `training.epochs: 2 there, 3 asked for` for every leaf that differs. */
function differences(there: unknown, asked: unknown, path = ''): string[] {
  if (JSON.stringify(there) === JSON.stringify(asked)) return [];
  const nested = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!nested(there) || !nested(asked))
    return [`${path}: ${JSON.stringify(there)} there, ${JSON.stringify(asked)} asked for`];
  const [a, b] = [there as Record<string, unknown>, asked as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    differences(a[key], b[key], path === '' ? key : `${path}.${key}`),
  );
}

function saveCheckpoint(folder: string, trainer: Trainer, step: number): void {
  const host = scope(() => new Map([...trainer.state()].map(([name, value]) => [name, value.toHost()])));
  writeSafetensors(join(folder, runFiles.checkpoint), host, new Map([['step', String(step)]]));
}

/** The steps done according to the checkpoint; metrics beyond it are dropped, they will be made again. */
function loadCheckpoint(folder: string, trainer: Trainer, metrics: JsonLines<StepMetrics>): number {
  const path = join(folder, runFiles.checkpoint);
  if (!existsSync(path)) {
    metrics.write([]);
    return 0;
  }
  const { tensors, metadata } = readSafetensors(path);
  const step = Number(metadata.get('step'));
  if (!Number.isInteger(step))
    throw new EditableError('INVALID_RUN', `${path} is not a training checkpoint; remove it to start again.`);
  scope(() => noGrad(() => trainer.load(new Map([...tensors].map(([name, host]) => [name, fromHost(host)])))));
  metrics.write(metrics.read().slice(0, step));
  return step;
}
