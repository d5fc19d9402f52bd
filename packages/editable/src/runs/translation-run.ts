/** A run of translation: the folder of any run, with the merges and the vocabulary that its model reads text by. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Device, readSafetensors } from '@editable/torch';
import type { EditorChoice } from '../editing/editor-choice.js';
import { EditableError } from '../errors.js';
import { withWeights } from '../models/load-weights.js';
import { createTransformer, type TransformerSpec, type TranslationModel } from '../models/transformer/index.js';
import type { TranslationTraining } from '../training/translation-settings.js';
import { type CodecHashes, loadCodec, type SentenceCodec, type TextSettings } from '../translation/sentence-codec.js';
import { readConfigOf, readEditorChoice, requireModelFile, runFiles } from './run.js';

export interface TranslationRunConfig {
  readonly version: 1;
  readonly task: 'translation';
  readonly dataset: {
    readonly folder: string;
    /** Of the sentences for training and validation. */
    readonly hash: string;
  };
  readonly text: TextSettings & CodecHashes;
  readonly model: TransformerSpec;
  /** null: imported. */
  readonly training: TranslationTraining | null;
}

export interface TranslationRun {
  readonly folder: string;
  readonly config: TranslationRunConfig;
  readonly model: TranslationModel;
  readonly codec: SentenceCodec;
  readonly editor: EditorChoice | null;
}

/** @throws EditableError INVALID_RUN where the folder is no run of translation */
export function readTranslationRunConfig(folder: string): TranslationRunConfig {
  const config = readConfigOf(folder, 'translation') as Partial<TranslationRunConfig>;
  const { version, dataset, text, model, training } = config;
  if (version === 1 && dataset && text?.mergesHash && text.vocabularyHash && model?.kind && training !== undefined)
    return config as TranslationRunConfig;
  throw new EditableError(
    'INVALID_RUN',
    `${join(folder, runFiles.config)} is not the configuration of a run that this version can read.`,
  );
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

/** Where a run has a configuration. */
export const isRun = (folder: string): boolean => existsSync(join(folder, runFiles.config));
