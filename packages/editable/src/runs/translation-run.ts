/** A run of translation: the folder of any run, with the merges and the vocabulary that its model reads text by. */
import { join } from 'node:path';
import { type Device, readSafetensors } from '@editable/torch';
import type { EditorChoice } from '../editing/editor-choice.js';
import { withWeights } from '../models/load-weights.js';
import { createTransformer, type TranslationModel } from '../models/transformer/index.js';
import { loadCodec, type SentenceCodec, saveCodec } from '../translation/sentence-codec.js';
import { readTranslationRunConfig } from './read-config.js';
import { readEditorChoice, requireModelFile, saveModel } from './run.js';
import type { TranslationRunConfig } from './run-config.js';
import { makeRunFolder, runFiles, writeJson } from './run-files.js';

export interface TranslationRun {
  readonly folder: string;
  readonly config: TranslationRunConfig;
  readonly model: TranslationModel;
  readonly codec: SentenceCodec;
  readonly editor: EditorChoice | null;
}

/** Opens a finished run. @throws EditableError INVALID_RUN saying what is missing or wrong in the folder */
export function openTranslationRun(
  folder: string,
  { device = 'cpu' }: { readonly device?: Device } = {},
): TranslationRun {
  const config = readTranslationRunConfig(folder);
  const weights = requireModelFile(folder);
  const codec = loadCodec(folder, config.text, config.text);
  const fresh = createTransformer(config.model, { device });
  const { tensors } = readSafetensors(weights);
  const model = withWeights(fresh, tensors, weights);
  return { folder, config, model, codec, editor: readEditorChoice(folder) };
}

/** Makes a run of a model that was trained elsewhere. */
export function createTranslationRun(
  folder: string,
  { config, model, codec }: Pick<TranslationRun, 'config' | 'model' | 'codec'>,
): TranslationRun {
  makeRunFolder(folder);
  saveCodec(folder, codec);
  saveModel(folder, model);
  writeJson(join(folder, runFiles.config), config); // last: a run is known by it
  return { folder, config, model, codec, editor: readEditorChoice(folder) };
}
