/** What a run is of: its configuration, of one form a task. */
import type { DatasetName, DatasetSource, ImageDataset, ImageShape, ResizeAndCrop } from '../data/index.js';
import type { Normalization } from '../data/normalization.js';
import type { ModelSpec } from '../models/registry.js';
import type { TransformerSpec } from '../models/transformer/index.js';
import type { TrainingSettings } from '../training/settings.js';
import type { TranslationTraining } from '../training/translation-settings.js';
import type { CodecHashes, TextSettings } from '../translation/sentence-codec.js';

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
