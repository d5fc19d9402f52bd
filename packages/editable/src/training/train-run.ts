/** Trains into a run's folder. Killed at any moment and called again it continues, to the same bits. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type Device, fromHost, type nn, noGrad, readSafetensors, scope, writeSafetensors } from '@editable/torch';
import type { ImageDataset } from '../data/index.js';
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
import { checkAugmentation, ImageWork } from './image-work.js';
import { checkTraining } from './settings.js';
import { type StepTerms, Trainer } from './trainer.js';
import { trainingSteps } from './training-steps.js';
import { scheduleOf } from './training-work.js';

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
  const work = new ImageWork(config, settings, dataset, { device, whole, model });
  const added = new Set(
    [...model.parameters.keys()].filter((name) => from !== undefined && !from.parameters.has(name)),
  );
  const trainer = new Trainer(work.task, model, settings, added);
  const metrics = new JsonLines<StepMetrics>(join(folder, runFiles.metrics));
  const done = loadCheckpoint(folder, trainer, metrics);
  const { steps, stepsPerEpoch } = work;
  const { epochs, checkpointEvery } = settings;
  const learningRate = scheduleOf(settings, steps);
  const save = (after: number): void => saveCheckpoint(folder, trainer, after);
  for (const step of trainingSteps({ done, steps, checkpointEvery, save })) {
    await work.read(step);
    const terms = scope(() => trainer.step(work.batch(step), work.constraint(step), learningRate(step)));
    const epoch = Math.floor(step / stepsPerEpoch) + 1;
    const line: StepMetrics = { step: step + 1, steps, epoch, epochs, ...terms };
    metrics.append(line);
    onStep(line);
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
