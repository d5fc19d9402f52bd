/** What a run's configuration must look like: one schema, a row a task. Settings it does not know are kept as they are. */
import { z } from 'zod';
import type { DatasetName, DatasetSource } from '../data/index.js';
import { polyak } from '../editing/editor.js';
import type { EditorChoice } from '../editing/editor-choice.js';
import { editorNames } from '../editing/editors/index.js';
import { networkNames } from '../models/network-names.js';
import type { ModelSpec } from '../models/registry.js';
import { type TransformerSpec, transformerNames } from '../models/transformer/index.js';
import type { StepSettings, TrainingSettings } from '../training/settings.js';
import type { TranslationTraining } from '../training/translation-settings.js';
import type { RunConfig, TranslationRunConfig } from './run-config.js';

const count = z.int().min(1);
const seed = z.int().min(0);
const layers = z.union([z.string(), z.array(z.string())]);

/** `editor.json`, and the editor that a training prepares for. */
export const editorChoiceSchema: z.ZodType<EditorChoice> = z.looseObject({
  name: z.enum(editorNames),
  hyperparameters: z.record(z.string(), z.union([z.number(), z.literal(polyak)])),
  layers,
  maxSteps: count,
  views: z.int().min(0).exactOptional(),
  margin: z.number().exactOptional(),
});

const steps = {
  objective: z.enum(['plain', 'editable']),
  learningRate: z.number(),
  addedLearningRate: z.number().exactOptional(),
  addedLayers: z.string().exactOptional(),
  weightDecay: z.number(),
  optimizer: z.enum(['adam', 'adamw', 'sgd']),
  nesterov: z.boolean().exactOptional(),
  betas: z.tuple([z.number(), z.number()]).exactOptional(),
  clipNorm: z.number(),
  clipEditNorm: z.number().nullable(),
  editor: editorChoiceSchema,
  cEdit: z.number(),
  cLoc: z.number(),
  localityImages: count.nullable(),
  firstOrder: z.boolean(),
  checkpointSteps: z.boolean().exactOptional(),
  learnEditor: z.boolean(),
  editsPerStep: count.exactOptional(),
  syncBatchNorm: z.boolean().exactOptional(),
  precision: z.enum(['float32', 'bfloat16']).exactOptional(),
} satisfies Record<keyof StepSettings, z.ZodType>;

const imageTraining: z.ZodType<TrainingSettings> = z.looseObject({
  ...steps,
  epochs: count,
  batchSize: count,
  schedule: z.enum(['constant', 'cosine', 'one-cycle']),
  optimizer: z.enum(['adam', 'sgd']),
  baseLoss: z.enum(['cross-entropy', 'distillation']),
  augment: z.boolean(),
  augmentation: z.enum(['shift', 'random-resized-crop']).exactOptional(),
  seed,
  from: z.string().nullable(),
  freezeBefore: z.string().nullable(),
  editTargets: z
    .union([z.enum(['random', 'mistakes']), z.looseObject({ ranks: z.array(count).min(1) })])
    .exactOptional(),
  trainImages: count.nullable(),
  checkpointEvery: count,
});

const translationTraining: z.ZodType<TranslationTraining> = z.looseObject({
  ...steps,
  from: z.string().nullable().exactOptional(),
  editNormalization: z.enum(['tokens', 'none']).exactOptional(),
  editTemperature: z.number().exactOptional(),
  alternatives: count.exactOptional(),
  epochs: count,
  batchTokens: count,
  labelSmoothing: z.number(),
  warmUp: z.int().min(0),
  cooldown: z.number().exactOptional(),
  maxLength: count,
  maxRatio: z.number().nullable(),
  averageEpochs: count,
  seed,
  checkpointEvery: count,
});

/** A program's own data set has any name; only what opens one by its name knows which there are. */
const dataset: z.ZodType<DatasetSource> = z.union([
  z.string() as unknown as z.ZodType<DatasetName>,
  z.looseObject({
    folder: z.string(),
    classes: z.string().exactOptional(),
    onDamaged: z.enum(['refuse', 'skip']).exactOptional(),
  }),
]);

const extra = z.union([
  count,
  z.looseObject({ hidden: count, standardized: z.literal(true), gain: z.number().positive().exactOptional() }),
]);
const sizes = { inChannels: count, classes: count, extra: extra.exactOptional() };

const imageModel: z.ZodType<ModelSpec> = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('cifar-resnet18'), width: count, ...sizes }),
  z.looseObject({ kind: z.enum(networkNames).exclude(['cifar-resnet18']), ...sizes }),
  z.looseObject({ kind: z.literal('torchscript'), file: z.string() }),
]);

/** Its sizes are checked where it is built. */
const translationModel: z.ZodType<TransformerSpec> = z.looseObject({
  kind: z.enum(transformerNames),
  sourceVocabulary: count,
  targetVocabulary: count,
});

const imageClassification: z.ZodType<RunConfig> = z.looseObject({
  version: z.literal(1),
  dataset,
  classes: z.array(z.string()).min(1),
  shape: z.tuple([count, count, count]),
  normalization: z.looseObject({ mean: z.array(z.number()).min(1), std: z.array(z.number()).min(1) }),
  preprocessing: z.looseObject({ resize: count, crop: count }).exactOptional(),
  model: imageModel,
  training: imageTraining.nullable(),
});

const translation: z.ZodType<TranslationRunConfig> = z.looseObject({
  version: z.literal(1),
  task: z.literal('translation'),
  dataset: z.looseObject({ folder: z.string(), hash: z.string() }),
  text: z.looseObject({
    source: z.string(),
    target: z.string(),
    tokenization: z.enum(['moses', 'none']),
    lowercase: z.boolean(),
    merges: z.int().min(0),
    mergesHash: z.string(),
    vocabularyHash: z.string(),
  }),
  model: translationModel,
  training: translationTraining.nullable(),
});

/** By task. */
export const configSchemas: {
  readonly 'image-classification': z.ZodType<RunConfig>;
  readonly translation: z.ZodType<TranslationRunConfig>;
} = { 'image-classification': imageClassification, translation };
