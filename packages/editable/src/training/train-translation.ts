/** Trains a translation model into a run's folder. Killed at any moment and called again it continues, to the same bits. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Device, fromHost, noGrad, optim, readSafetensors, scope } from '@editable/torch';
import type { ParallelCorpus } from '../data/parallel-corpus.js';
import { EditableError } from '../errors.js';
import { averageWeights } from '../models/average-weights.js';
import {
  createTransformer,
  fairseqTokens,
  type TokenPair,
  type TransformerSpec,
  type TranslationModel,
  type TranslationState,
  transformerSizes,
} from '../models/transformer/index.js';
import { isRun, readTranslationRunConfig } from '../runs/read-config.js';
import { saveEditorChoice, saveModel } from '../runs/run.js';
import type { TranslationRunConfig } from '../runs/run-config.js';
import { makeRunFolder, removeFile, runFiles } from '../runs/run-files.js';
import { openTranslationRun, type TranslationRun } from '../runs/translation-run.js';
import { loadCodec, SentenceCodec, saveCodec, type TextSettings } from '../translation/sentence-codec.js';
import { bleuOf, translate, validationLoss } from '../translation/translate.js';
import { claimFolder, isFinished, writeTensors } from './run-folder.js';
import { Trainer } from './trainer.js';
import { runTraining, type StepMetrics } from './training-loop.js';
import { checkTranslationTraining, type TranslationTraining } from './translation-settings.js';
import { TranslationWork } from './translation-work.js';

/** Of the model as it is at an epoch's end, on the sentences for validation. */
export interface Validation {
  /** Mean −log p of a token, in nats. */
  readonly loss: number;
  /** Of greedy translations. */
  readonly bleu: number;
}

export interface TranslationMetrics extends StepMetrics {
  /** At the last step of an epoch. */
  readonly validation?: Validation;
}

export interface TranslationPlan {
  readonly text: TextSettings;
  /** Vocabularies are learned. */
  readonly model: Omit<TransformerSpec, 'sourceVocabulary' | 'targetVocabulary' | 'special'>;
  readonly training: TranslationTraining;
}

export interface TrainTranslationOptions {
  /** After each step. */
  readonly onStep?: (metrics: TranslationMetrics) => void;
  /** Byte pairs are learned, which takes some seconds. */
  readonly onLearning?: () => void;
  readonly device?: Device;
}

/** Models of the last epochs, while they wait for their mean. */
const epochsFolder = 'epochs';

/**
 * Trains what the plan describes in `folder`, or continues what was begun there; a finished run is opened as it is.
 *
 * @throws EditableError INVALID_RUN where the folder holds a run of other settings or text; NOT_FINITE where training diverges
 */
export async function trainTranslation(
  folder: string,
  plan: TranslationPlan,
  corpus: ParallelCorpus,
  { onStep = () => {}, onLearning = () => {}, device = 'cpu' }: TrainTranslationOptions = {},
): Promise<TranslationRun> {
  const { training: settings } = plan;
  checkTranslationTraining(settings);
  transformerSizes({ ...plan.model, sourceVocabulary: 4, targetVocabulary: 4 });
  const { from = null } = settings;
  const start = from === null ? undefined : openTranslationRun(from, { device });
  if (start !== undefined) requireSame(plan, start);
  const codec = claimRun(folder, plan, corpus, start?.codec ?? onLearning);
  if (isFinished(folder)) {
    removeEpochs(folder);
    return openTranslationRun(folder, { device });
  }
  const { model: spec } = readTranslationRunConfig(folder);
  const work = new TranslationWork(
    corpus.train.map(({ source, target }) => ({
      source: codec.encode(source, 'source'),
      target: codec.encode(target, 'target'),
    })),
    { spec, settings, device, baseline: start?.model },
  );
  const model = start?.model ?? createTransformer(spec, { seed: settings.seed, device });
  const trainer = new Trainer<TokenPair, TranslationState>(work.task, model, settings);
  const validate = validationOf(corpus, codec, spec);
  const measured = (metrics: StepMetrics): TranslationMetrics => {
    if (metrics.step % work.stepsPerEpoch !== 0) return metrics;
    return scope(() => {
      const now = trainer.snapshot();
      if (metrics.epoch > settings.epochs - settings.averageEpochs) keepEpoch(folder, metrics.epoch, now);
      return { ...metrics, validation: validate(now) };
    });
  };
  const learningRate = optim.inverseSquareRoot(settings.learningRate, { warmUp: settings.warmUp });
  // The first step of a warm-up from 0 would change nothing.
  const rateOf = (step: number): number => learningRate(settings.warmUp === 0 ? step : step + 1);
  await runTraining(folder, { work, trainer, settings, learningRate: rateOf, measured, onStep });
  saveModel(folder, model.with({ parameters: meanOfEpochs(folder, settings, device) }));
  saveEditorChoice(folder, {
    ...settings.editor,
    hyperparameters: { ...settings.editor.hyperparameters, ...trainer.hyperparameters() },
  });
  removeFile(join(folder, runFiles.checkpoint));
  removeEpochs(folder);
  return openTranslationRun(folder, { device });
}

/** A training that starts from a run's model, and so has its text and its sizes. */
export function planFrom({ config }: Pick<TranslationRun, 'config'>, training: TranslationTraining): TranslationPlan {
  const { mergesHash: _, vocabularyHash: __, ...text } = config.text;
  const { sourceVocabulary: ___, targetVocabulary: ____, ...model } = config.model;
  return { text, model, training };
}

function requireSame({ text, model, training }: TranslationPlan, start: TranslationRun): void {
  const there = planFrom(start, training);
  const differs = (a: object, b: object): string | undefined =>
    [...new Set([...Object.keys(a), ...Object.keys(b)])].find(
      (name) => JSON.stringify(a[name as keyof typeof a]) !== JSON.stringify(b[name as keyof typeof b]),
    );
  const other = differs(text, there.text) ?? differs(model, there.model);
  if (other === undefined) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `${other}: expected as ${start.folder} has it, where training starts; leave it out.`,
  );
}

/** The folder's merges and vocabulary, where it has none those given, or learned ones; and its configuration, written where it has none. */
function claimRun(
  folder: string,
  { text, model, training }: TranslationPlan,
  corpus: ParallelCorpus,
  given: SentenceCodec | (() => void),
): SentenceCodec {
  const there = isRun(folder) ? readTranslationRunConfig(folder) : undefined;
  const codec = there === undefined ? newCodec(text, corpus, given) : loadCodec(folder, there.text, there.text);
  const { size } = codec.vocabulary;
  const config: TranslationRunConfig = {
    version: 1,
    task: 'translation',
    dataset: { folder: corpus.folder, hash: corpus.hash },
    text: { ...text, ...codec.hashes },
    model: { ...model, sourceVocabulary: size, targetVocabulary: size },
    training,
  };
  if (there === undefined) {
    makeRunFolder(folder);
    saveCodec(folder, codec); // before the configuration, which a run is known by
  }
  claimFolder(folder, config, readTranslationRunConfig);
  return codec;
}

function newCodec(text: TextSettings, corpus: ParallelCorpus, given: SentenceCodec | (() => void)): SentenceCodec {
  if (typeof given !== 'function') return given;
  given();
  return SentenceCodec.learn(text, corpus.train);
}

// A model of the first epochs repeats itself to the greatest length that it is allowed.
const maxRatio = 1.2;

function validationOf(
  { valid }: ParallelCorpus,
  codec: SentenceCodec,
  spec: TransformerSpec,
): (model: TranslationModel) => Validation {
  const pairs = valid.map(({ source, target }) => ({
    source: codec.encode(source, 'source'),
    target: codec.encode(target, 'target'),
  }));
  const sources = valid.map(({ source }) => source);
  const { padding } = spec.special ?? fairseqTokens;
  return (model) => {
    const translations = translate({ model, spec, codec }, sources, { beam: 1, maxRatio });
    const { score } = bleuOf(
      { codec },
      translations.map(({ text }) => text),
      valid,
    );
    return { loss: validationLoss({ model }, pairs, { padding }), bleu: score };
  };
}

const epochFile = (folder: string, epoch: number): string => join(folder, epochsFolder, `${epoch}.safetensors`);

function keepEpoch(folder: string, epoch: number, { parameters }: TranslationModel): void {
  if (!existsSync(join(folder, epochsFolder))) mkdirSync(join(folder, epochsFolder));
  writeTensors(epochFile(folder, epoch), parameters);
}

const removeEpochs = (folder: string): void => rmSync(join(folder, epochsFolder), { recursive: true, force: true });

function meanOfEpochs(folder: string, { epochs, averageEpochs }: TranslationTraining, device: Device) {
  function* kept() {
    for (let epoch = epochs - averageEpochs + 1; epoch <= epochs; epoch++) {
      const path = epochFile(folder, epoch);
      if (!existsSync(path)) {
        throw new EditableError(
          'INVALID_RUN',
          `${folder} lacks ${epochsFolder}/${epoch}.safetensors; remove the folder and train again.`,
        );
      }
      const { tensors } = readSafetensors(path);
      yield new Map([...tensors].map(([name, host]) => [name, fromHost(host).to(device)] as const));
    }
  }
  return noGrad(() => averageWeights(kept()));
}
