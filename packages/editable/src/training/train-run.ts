/** Trains into a run's folder. Killed at any moment and called again it continues, to the same bits. */
import { join } from 'node:path';
import type { Device, nn } from '@editable/torch';
import type { ImageDataset } from '../data/index.js';
import { selectParameters } from '../editing/layers.js';
import { EditableError } from '../errors.js';
import { createModel, grownFrom } from '../models/registry.js';
import { tailOf } from '../models/tail.js';
import { readRunConfig } from '../runs/read-config.js';
import { fastLayout, keepScript, openRun, type Run, saveEditorChoice, saveModel } from '../runs/run.js';
import type { RunConfig } from '../runs/run-config.js';
import { removeFile, runFiles } from '../runs/run-files.js';
import { checkAugmentation, ImageWork } from './image-work.js';
import { claimFolder, isFinished } from './run-folder.js';
import { checkTraining, type TrainingSettings } from './settings.js';
import { Trainer } from './trainer.js';
import { runTraining, type StepMetrics } from './training-loop.js';
import { scheduleOf } from './training-work.js';

export interface TrainRunOptions {
  /** After each step. */
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
  claimFolder(folder, config, readRunConfig);
  if (config.model.kind === 'torchscript' && settings.from !== null)
    keepScript(join(settings.from, config.model.file), folder, config.model.file);
  if (isFinished(folder)) return openRun(folder, { device });

  const fresh = { seed: settings.seed, folder, device };
  const from = initial ?? (settings.from === null ? undefined : openRun(settings.from, { device }).model);
  const start = from === undefined ? createModel(config.model, fresh) : grownFrom(from, config.model, fresh);
  const whole = fastLayout(config.model, start);
  const model = settings.freezeBefore === null ? whole : tailOf(whole, settings.freezeBefore);
  const work = new ImageWork(config, settings, dataset, { device, whole, model });
  const trainer = new Trainer(work.task, model, settings, addedTo(from, model, settings));
  const learningRate = scheduleOf(settings, work.steps);
  await runTraining(folder, { work, trainer, settings, learningRate, measured: (metrics) => metrics, onStep });
  const { parameters, buffers } = trainer.snapshot();
  saveModel(folder, whole.with({ parameters, buffers }));
  saveEditorChoice(folder, {
    ...settings.editor,
    hyperparameters: { ...settings.editor.hyperparameters, ...trainer.hyperparameters() },
  });
  removeFile(join(folder, runFiles.checkpoint));
  return openRun(folder, { device });
}

/** Parameters that have a learning rate of their own: those that are named, or that the starting model lacks. */
const addedTo = (
  from: nn.Model | undefined,
  model: nn.Model,
  { addedLayers }: Pick<TrainingSettings, 'addedLayers'>,
): ReadonlySet<string> =>
  new Set(
    addedLayers === undefined
      ? [...model.parameters.keys()].filter((name) => from !== undefined && !from.parameters.has(name))
      : selectParameters(model, addedLayers),
  );
