/** Trains into a run's folder. Killed at any moment and called again it continues, to the same bits. */
import { join } from 'node:path';
import { type Device, exchange, type nn, type ProcessGroup, randint, randn, scope } from '@editable/torch';
import type { ImageDataset } from '../data/index.js';
import { splitHash } from '../data/split-hash.js';
import type { Curvature } from '../editing/curvature/curvature.js';
import { selectParameters } from '../editing/layers.js';
import { EditableError } from '../errors.js';
import { trainingCurvature } from '../evaluation/control-curvature.js';
import { hasStandardizedExtraLayer, standardization } from '../models/extra-layer.js';
import { createModel, grownFrom } from '../models/registry.js';
import { tailOf } from '../models/tail.js';
import { modelHash } from '../patches/model-hash.js';
import { readRunConfig } from '../runs/read-config.js';
import { fastLayout, keepScript, openRun, type Run, saveEditorChoice, saveModel } from '../runs/run.js';
import type { RunConfig } from '../runs/run-config.js';
import { removeFile, runFiles } from '../runs/run-files.js';
import { trainingSplits } from '../runs/splits.js';
import { agreeOn, failTogether } from '../sharing/group-agreement.js';
import { imageClassification } from '../tasks/image-classification.js';
import { checkAugmentation, ImageWork } from './image-work.js';
import { requireFaster, type StepTimes, stepTimes } from './precision.js';
import { claimFolder, isBegun, isFinished } from './run-folder.js';
import { checkTraining, type TrainingSettings } from './settings.js';
import { withStandardizedExtraLayer } from './standardized-extra-layer.js';
import { Trainer } from './trainer.js';
import { runTraining, type StepMetrics } from './training-loop.js';
import { scheduleOf } from './training-work.js';

export interface TrainRunOptions {
  /** After each step. */
  readonly onStep?: (metrics: StepMetrics) => void;
  readonly device?: Device;
  /** The model to start from; default: that of the run which the settings' `from` names, else a fresh one. */
  readonly initial?: nn.Model;
  /**
   * The processes that train together, each called with the same: they have their shares of every batch and of the step's edits,
   * and rank 0 alone writes into the folder.
   */
  readonly group?: ProcessGroup | undefined;
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
  options: TrainRunOptions = {},
): Promise<Run> {
  return failTogether(options.group, () => trainShare(folder, config, dataset, options));
}

async function trainShare(
  folder: string,
  config: RunConfig,
  dataset: ImageDataset,
  { onStep = () => {}, device = 'cpu', initial, group }: TrainRunOptions,
): Promise<Run> {
  const writes = (group?.rank ?? 0) === 0;
  const { training: settings } = config;
  if (settings === null) throw new EditableError('INVALID_RUN', `${folder} was imported; there is no training to run.`);
  checkTraining(settings);
  checkAugmentation(settings, dataset);
  const fresh = { seed: settings.seed, folder, device };
  const from = initial ?? (settings.from === null ? undefined : openRun(settings.from, { device }).model);
  checkExtraLayer(config, from);
  if (settings.precision === 'bfloat16' && !isBegun(folder))
    requireFaster(
      timesOf(fastLayout(config.model, from ?? createModel(config.model, fresh)), config, settings, device),
    );
  if (writes) claimFolder(folder, config, readRunConfig);
  if (writes && config.model.kind === 'torchscript' && settings.from !== null)
    keepScript(join(settings.from, config.model.file), folder, config.model.file);
  const finished = writes && isFinished(folder);
  if (group === undefined ? finished : exchange(group, String(finished))[0] === 'true') {
    return openRun(folder, { device });
  }

  const whole = fastLayout(config.model, startOf(config, from, dataset, fresh));
  const model = settings.freezeBefore === null ? whole : tailOf(whole, settings.freezeBefore);
  if (group !== undefined) {
    const { train } = trainingSplits(dataset);
    agreeOn(group, { settings: config, data: splitHash(train), 'starting model': modelHash(whole) });
  }
  const work = new ImageWork(config, settings, dataset, { device, whole, model }, group);
  using curvature = curvatureOf(config, settings, whole, { dataset, device });
  const trainer = new Trainer(work.task, model, settings, {
    added: addedTo(from, model, settings),
    group,
    curvature,
  });
  const learningRate = scheduleOf(settings, work.steps);
  await runTraining(folder, { work, trainer, settings, learningRate, measured: (metrics) => metrics, onStep, group });
  const { parameters, buffers } = trainer.snapshot();
  const trained = whole.with({ parameters, buffers });
  const editor = {
    ...settings.editor,
    hyperparameters: { ...settings.editor.hyperparameters, ...trainer.hyperparameters() },
  };
  if (!writes) return { folder, config, model: trained, editor };
  saveModel(folder, trained);
  saveEditorChoice(folder, editor);
  removeFile(join(folder, runFiles.checkpoint));
  return openRun(folder, { device });
}

/** @throws EditableError INVALID_ARGUMENT for a standardized extra layer of a network that is not trained yet */
function checkExtraLayer({ model }: RunConfig, from: nn.Model | undefined): void {
  if (from !== undefined || !hasStandardizedExtraLayer(model)) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    'extra: expected a trained network to start from, for a standardized layer: what it receives is measured once.',
  );
}

/** Before the first step. */
function startOf(
  { model, normalization }: RunConfig,
  from: nn.Model | undefined,
  dataset: ImageDataset,
  fresh: { readonly seed: number; readonly folder: string; readonly device: Device },
): nn.Model {
  const start = from === undefined ? createModel(model, fresh) : grownFrom(from, model, fresh);
  if (!hasStandardizedExtraLayer(model) || from?.buffers.has(standardization.mean)) return start;
  return withStandardizedExtraLayer(start, dataset, { normalization, device: fresh.device });
}

/** On noise of the size of a batch. */
const timesOf = (
  model: nn.Model,
  { shape, classes }: RunConfig,
  { batchSize }: TrainingSettings,
  device: Device,
): StepTimes =>
  scope(() => {
    const input = randn([batchSize, ...shape], { device });
    const target = randint(classes.length, [batchSize], { dtype: 'int64', device });
    return stepTimes(imageClassification, model, { input, target });
  });

/** What the natural editor steps in: F of the model that training starts from, over the images that it is trained on. */
function curvatureOf(
  { normalization }: RunConfig,
  { objective, editor }: TrainingSettings,
  start: nn.Model,
  { dataset, device }: { readonly dataset: ImageDataset; readonly device: Device },
): Curvature | undefined {
  if (objective === 'plain' || editor.name !== 'natural') return undefined;
  return trainingCurvature(start, dataset, { normalization, device })(selectParameters(start, editor.layers));
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
