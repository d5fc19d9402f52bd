/** A run is a folder: config.json, metrics.jsonl, model.safetensors (torchvision's names), editor.json once tuned. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Device,
  nn,
  readFileOrExplain,
  readSafetensors,
  type Tensor,
  writeFileAtomically,
  writeSafetensors,
} from '@editable/torch';
import type { EditorChoice } from '../editing/editor-choice.js';
import { EditableError } from '../errors.js';
import { withWeights } from '../models/load-weights.js';
import { createModel, type ModelSpec } from '../models/registry.js';
import { editorChoiceSchema } from './config-schema.js';
import { readRunConfig } from './read-config.js';
import type { RunConfig } from './run-config.js';
import { makeRunFolder, readJson, runFiles, writeJson } from './run-files.js';

export interface Run {
  readonly folder: string;
  readonly config: RunConfig;
  readonly model: nn.Model;
  /** What tuning or training chose; null before. */
  readonly editor: EditorChoice | null;
}

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

/** Writes parameters and buffers to the run, whole or not at all. */
export function saveModel(folder: string, model: Pick<nn.Model, 'parameters' | 'buffers'>): void {
  const host = (tensors: nn.NamedTensors): (readonly [string, ReturnType<Tensor['toHost']>])[] =>
    [...tensors].map(([name, value]) => [name, value.toHost()]);
  writeSafetensors(join(folder, runFiles.model), new Map([...host(model.parameters), ...host(model.buffers)]));
}

/** What tuning or training chose; null before. @throws EditableError INVALID_RUN where the file is something else */
export function readEditorChoice(folder: string): EditorChoice | null {
  const path = join(folder, runFiles.editor);
  if (!existsSync(path)) return null;
  const { success, data } = editorChoiceSchema.safeParse(readJson(path));
  if (success) return data;
  throw new EditableError('INVALID_RUN', `${path} is not a tuned editor; remove it or run tune again.`);
}

/** Keeps an editor with a run: edits use it from then on. */
export const saveEditorChoice = (folder: string, choice: EditorChoice): void =>
  writeJson(join(folder, runFiles.editor), choice);
