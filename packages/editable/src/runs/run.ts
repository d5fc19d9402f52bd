/** A run is a folder: config.json, metrics.jsonl, model.safetensors (torchvision's names), editor.json once tuned. */
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  type Device,
  nn,
  readFileOrExplain,
  readSafetensors,
  type Tensor,
  writeFileAtomically,
  writeSafetensors,
} from '@editable/torch';
import type { DatasetName, DatasetSource, ImageDataset, ImageShape, ResizeAndCrop } from '../data/index.js';
import type { Normalization } from '../data/normalization.js';
import type { EditorChoice } from '../editing/editor-choice.js';
import { EditableError } from '../errors.js';
import { withWeights } from '../models/load-weights.js';
import { createModel, type ModelSpec, readModelSpec } from '../models/registry.js';
import type { TrainingSettings } from '../training/settings.js';

export interface RunConfig {
  readonly version: 1;
  readonly dataset: DatasetSource;
  readonly classes: readonly string[];
  readonly shape: ImageShape;
  readonly normalization: Normalization;
  /** Of photographs: what is done to them before they are normalised. */
  readonly preprocessing?: ResizeAndCrop;
  readonly model: ModelSpec;
  /** null: imported. */
  readonly training: TrainingSettings | null;
}

export interface Run {
  readonly folder: string;
  readonly config: RunConfig;
  readonly model: nn.Model;
  /** What tuning or training chose; null before. */
  readonly editor: EditorChoice | null;
}

export const runFiles = {
  config: 'config.json',
  metrics: 'metrics.jsonl',
  model: 'model.safetensors',
  checkpoint: 'checkpoint.safetensors',
  editor: 'editor.json',
  curvature: 'curvature.safetensors',
} as const;

/** The configuration of a run on a data set. */
export const runConfig = (dataset: ImageDataset, model: ModelSpec, training: TrainingSettings | null): RunConfig => ({
  version: 1,
  dataset: dataset.source ?? (dataset.name as DatasetName),
  classes: dataset.classes,
  shape: dataset.shape,
  normalization: dataset.normalization,
  ...(dataset.preprocessing === undefined ? {} : { preprocessing: dataset.preprocessing }),
  model,
  training,
});

/** Opens a finished run. @throws EditableError INVALID_RUN saying what is missing or wrong in the folder */
export function openRun(folder: string, { device = 'cpu' }: { readonly device?: Device } = {}): Run {
  const config = readRunConfig(folder);
  const weights = requireModelFile(folder);
  const fresh = createModel(config.model, { folder, device });
  const { tensors } = readSafetensors(weights);
  return {
    folder,
    config,
    model: fastLayout(config.model, withWeights(fresh, tensors, weights)),
    editor: readEditorChoice(folder),
  };
}

/** The file with a run's weights. @throws EditableError INVALID_RUN where training has not come to its end */
export function requireModelFile(folder: string): string {
  const weights = join(folder, runFiles.model);
  if (existsSync(weights)) return weights;
  const advice = existsSync(join(folder, runFiles.checkpoint))
    ? 'its training is not finished: run the same train command again'
    : 'train or import into it first';
  throw new EditableError('INVALID_RUN', `${folder} holds no ${runFiles.model}; ${advice}.`);
}

/** Channels-last for what is built here; a TorchScript program is run in the layout it was written for. */
export const fastLayout = (spec: ModelSpec, model: nn.Model): nn.Model =>
  spec.kind === 'torchscript' ? model : nn.channelsLast(model);

/** Makes a run of a model that was trained elsewhere. */
export function createRun(folder: string, config: RunConfig, model: nn.Model): Run {
  makeRunFolder(folder);
  saveModel(folder, model);
  writeJson(join(folder, runFiles.config), config);
  return { folder, config, model, editor: readEditorChoice(folder) };
}

/** Copies a TorchScript file into a run, which is not whole without it. */
export function keepScript(file: string, folder: string, name: string): void {
  makeRunFolder(folder);
  writeFileAtomically(join(folder, name), readFileOrExplain(file));
}

export function saveModel(folder: string, model: Pick<nn.Model, 'parameters' | 'buffers'>): void {
  const host = (tensors: nn.NamedTensors): (readonly [string, ReturnType<Tensor['toHost']>])[] =>
    [...tensors].map(([name, value]) => [name, value.toHost()]);
  writeSafetensors(join(folder, runFiles.model), new Map([...host(model.parameters), ...host(model.buffers)]));
}

export type RunTask = 'image-classification' | 'translation';

/** What a run works on. @throws EditableError INVALID_RUN where the folder is no run */
export function taskOfRun(folder: string): RunTask {
  const path = join(folder, runFiles.config);
  if (!existsSync(path))
    throw new EditableError('INVALID_RUN', `${folder} is not a run: it holds no ${runFiles.config}.`);
  const { task } = (readJson(path) ?? {}) as { readonly task?: unknown };
  if (task === undefined) return 'image-classification'; // which alone there was when runs were written without it
  if (task === 'translation') return task;
  throw new EditableError(
    'INVALID_RUN',
    `${path}: expected the task translation, or none; received ${JSON.stringify(task)}.`,
  );
}

/** A run's configuration as it was written. @throws EditableError INVALID_RUN where the folder is no run of this task */
export function readConfigOf(folder: string, task: RunTask): unknown {
  const own = taskOfRun(folder);
  if (own === task) return readJson(join(folder, runFiles.config));
  throw new EditableError('INVALID_RUN', `${folder} is a run of ${inWords[own]}; ${instead[task]}.`);
}

const inWords: Readonly<Record<RunTask, string>> = {
  'image-classification': 'image classification',
  translation: 'translation',
};

/** What is said where a run of a task was expected. */
const instead: Readonly<Record<RunTask, string>> = {
  'image-classification': 'this is for runs of image classification',
  translation: 'this is for runs of translation, which "train --task translation" makes',
};

/** @throws EditableError INVALID_RUN where the folder is no run of image classification */
export function readRunConfig(folder: string): RunConfig {
  const path = join(folder, runFiles.config);
  const config = readConfigOf(folder, 'image-classification') as Partial<RunConfig>;
  const complete =
    config.version === 1 &&
    config.dataset &&
    Array.isArray(config.classes) &&
    config.model &&
    config.normalization &&
    Array.isArray(config.shape);
  if (!complete)
    throw new EditableError('INVALID_RUN', `${path} is not the configuration of a run that this version can read.`);
  return { ...(config as RunConfig), model: readModelSpec(config.model as ModelSpec) };
}

export function readEditorChoice(folder: string): EditorChoice | null {
  const path = join(folder, runFiles.editor);
  if (!existsSync(path)) return null;
  const choice = readJson(path) as Partial<EditorChoice>;
  if (typeof choice.name === 'string' && choice.hyperparameters && choice.layers && choice.maxSteps)
    return choice as EditorChoice;
  throw new EditableError('INVALID_RUN', `${path} is not a tuned editor; remove it or run tune again.`);
}

export const saveEditorChoice = (folder: string, choice: EditorChoice): void =>
  writeJson(join(folder, runFiles.editor), choice);

export const writeJson = (path: string, value: unknown): void =>
  writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`);

/** Makes the folder, parents included. @throws EditableError INVALID_RUN where that is not possible */
export function makeRunFolder(folder: string): void {
  try {
    // One by one: Node's recursive mkdir calls a read-only place "missing", and never returns on some (/proc/self/run).
    for (const missing of missingFolders(folder)) mkdirSync(missing);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const reason = folderProblems[code] ?? code;
    throw new EditableError(
      'INVALID_RUN',
      `cannot make the folder ${folder}: ${reason}; choose another place for the run.`,
      { cause },
    );
  }
}

const folderProblems: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a file stands in its way',
  EEXIST: 'a file stands in its way',
};

/** The folders to make, outermost first. */
function missingFolders(folder: string): string[] {
  const path = resolve(folder);
  return existsSync(path) ? [] : [...missingFolders(dirname(path)), path];
}

export const removeFile = (path: string): void => rmSync(path, { force: true });

function readJson(path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(readFileOrExplain(path)));
  } catch (cause) {
    if (cause instanceof SyntaxError)
      throw new EditableError('INVALID_RUN', `${path} is not JSON: ${cause.message}.`, { cause });
    throw cause;
  }
}
