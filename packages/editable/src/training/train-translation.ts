/** Trains a translation model into a run's folder. Killed at any moment and called again it continues, to the same bits. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  broadcastInto,
  type Device,
  exchange,
  fromHost,
  type nn,
  noGrad,
  optim,
  type ProcessGroup,
  randint,
  readSafetensors,
  scope,
  type Tensor,
} from '@editable/torch';
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
import { modelHash } from '../patches/model-hash.js';
import { isRun, readTranslationRunConfig } from '../runs/read-config.js';
import { saveEditorChoice, saveModel } from '../runs/run.js';
import type { TranslationRunConfig } from '../runs/run-config.js';
import { makeRunFolder, removeFile, runFiles } from '../runs/run-files.js';
import { openTranslationRun, type TranslationRun } from '../runs/translation-run.js';
import { agreeOn, failTogether } from '../sharing/group-agreement.js';
import { translationTask } from '../tasks/translation.js';
import {
  codecOf,
  codecText,
  loadCodec,
  SentenceCodec,
  saveCodec,
  type TextSettings,
} from '../translation/sentence-codec.js';
import { checkEdits } from './batch-share.js';
import { requireFaster, type StepTimes, stepTimes } from './precision.js';
import { claimFolder, isBegun, isFinished, writeTensors } from './run-folder.js';
import { Trainer } from './trainer.js';
import { runTraining, type StepMetrics } from './training-loop.js';
import { checkTranslationTraining, type TranslationTraining } from './translation-settings.js';
import { TranslationWork } from './translation-work.js';
import { type Validation, validationOf } from './validation.js';

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
  /**
   * The processes that train together, each called with the same: they have their shares of every batch, of a step's edits and of
   * the sentences for validation, and rank 0 alone writes into the folder.
   */
  readonly group?: ProcessGroup | undefined;
}

/** Tokens of a sentence, roughly. */
const usualLength = 20;

/** Models of the last epochs, while they wait for their mean. */
const epochsFolder = 'epochs';

/**
 * Trains what the plan describes in `folder`, or continues what was begun there; a finished run is opened as it is.
 *
 * @throws EditableError INVALID_RUN where the folder holds a run of other settings or text; NOT_FINITE where training diverges
 */
export const trainTranslation = (
  folder: string,
  plan: TranslationPlan,
  corpus: ParallelCorpus,
  options: TrainTranslationOptions = {},
): Promise<TranslationRun> => failTogether(options.group, () => trainShare(folder, plan, corpus, options));

async function trainShare(
  folder: string,
  plan: TranslationPlan,
  corpus: ParallelCorpus,
  { onStep = () => {}, onLearning = () => {}, device = 'cpu', group }: TrainTranslationOptions,
): Promise<TranslationRun> {
  const { training: settings } = plan;
  checkTranslationTraining(settings);
  if (settings.objective === 'editable') checkEdits(settings.editsPerStep ?? 1, group?.size ?? 1);
  transformerSizes({ ...plan.model, sourceVocabulary: 4, targetVocabulary: 4 });
  const { from = null } = settings;
  const start = from === null ? undefined : openTranslationRun(from, { device });
  if (start !== undefined) requireSame(plan, start);
  if (group !== undefined) {
    const model = start === undefined ? null : modelHash(start.model);
    agreeOn(group, { settings: plan, data: corpus.hash, 'starting model': model });
  }
  if (settings.precision === 'bfloat16' && !isBegun(folder)) requireFaster(timesOf(plan, device));
  const writes = (group?.rank ?? 0) === 0;
  const own = writes ? claimRun(folder, plan, corpus, start?.codec ?? onLearning) : undefined;
  const { codec, config, finished } = claimOf(group, own);
  if (finished) {
    if (writes) removeEpochs(folder);
    return openTranslationRun(folder, { device });
  }
  const spec = config.model;
  const work = new TranslationWork(
    corpus.train.map(({ source, target }) => ({
      source: codec.encode(source, 'source'),
      target: codec.encode(target, 'target'),
    })),
    { spec, settings, device, baseline: start?.model },
  );
  const model = start?.model ?? createTransformer(spec, { seed: settings.seed, device });
  const trainer = new Trainer<TokenPair, TranslationState>(work.task, model, settings, { group });
  const validate = validationOf(corpus, codec, spec, group);
  const measured = (metrics: StepMetrics): TranslationMetrics => {
    if (metrics.step % work.stepsPerEpoch !== 0) return metrics;
    return scope(() => {
      const now = trainer.snapshot();
      if (writes && metrics.epoch > settings.epochs - settings.averageEpochs) keepEpoch(folder, metrics.epoch, now);
      return { ...metrics, validation: validate(now) };
    });
  };
  const learningRate = learningRateOf(settings, settings.epochs * work.stepsPerEpoch);
  await runTraining(folder, { work, trainer, settings, learningRate, measured, onStep, group });
  const mean = writes ? meanOfEpochs(folder, settings, device) : trainer.snapshot().parameters;
  if (group !== undefined) handOut(group, model, mean);
  const trained = model.with({ parameters: mean });
  const editor = {
    ...settings.editor,
    hyperparameters: { ...settings.editor.hyperparameters, ...trainer.hyperparameters() },
  };
  if (!writes) return { folder, config, codec, model: trained, editor };
  saveModel(folder, trained);
  saveEditorChoice(folder, editor);
  removeFile(join(folder, runFiles.checkpoint));
  removeEpochs(folder);
  return openTranslationRun(folder, { device });
}

function learningRateOf({ learningRate, warmUp, cooldown = 0 }: TranslationTraining, steps: number): optim.Schedule {
  const rate = optim.inverseSquareRoot(learningRate, { warmUp });
  // The first step of a warm-up from 0 would change nothing.
  const begun = (step: number): number => rate(warmUp === 0 ? step : step + 1);
  return optim.linearCooldown(begun, { steps: cooldown * steps, of: steps });
}

/** On sentences of random tokens, as many as a batch has. */
function timesOf({ text, model, training }: TranslationPlan, device: Device): StepTimes {
  const special = fairseqTokens.unknown + 1;
  const vocabulary = text.merges + special;
  const rows = Math.max(1, Math.floor(training.batchTokens / usualLength));
  return scope(() => {
    const tokens = () => randint(text.merges, [rows, usualLength], { dtype: 'int64', device }).add(special);
    const input = { source: tokens(), target: tokens() };
    const spec = { ...model, sourceVocabulary: vocabulary, targetVocabulary: vocabulary };
    const untrained = createTransformer(spec, { seed: 0, device });
    return stepTimes(translationTask(), untrained, { input, target: input.target });
  });
}

/** Rank 0's tensors in everybody's. */
const handOut = (group: ProcessGroup, { parameters }: TranslationModel, tensors: nn.NamedTensors): void =>
  broadcastInto(
    group,
    [...parameters.keys()].map((name) => tensors.get(name) as Tensor),
  );

/** A training that starts from a run's model, and so has its text and its sizes. */
export function planFrom({ config }: Pick<TranslationRun, 'config'>, training: TranslationTraining): TranslationPlan {
  const { mergesHash, vocabularyHash, ...text } = config.text;
  const { sourceVocabulary, targetVocabulary, ...model } = config.model;
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

/** What a folder holds of a training that goes on there. */
interface ClaimedRun {
  readonly codec: SentenceCodec;
  readonly config: TranslationRunConfig;
  readonly finished: boolean;
}

/** Rank 0's, which has the folder. */
function claimOf(group: ProcessGroup | undefined, own: ClaimedRun | undefined): ClaimedRun {
  if (group === undefined) return own as ClaimedRun;
  const told = own === undefined ? '' : JSON.stringify({ ...own, codec: codecText(own.codec) });
  const { codec, config, finished } = JSON.parse(exchange(group, told)[0] as string) as Omit<ClaimedRun, 'codec'> & {
    readonly codec: ReturnType<typeof codecText>;
  };
  return own ?? { codec: codecOf(config.text, codec), config, finished };
}

/** The folder's merges and vocabulary, where it has none those given, or learned ones; and its configuration, written where it has none. */
function claimRun(
  folder: string,
  { text, model, training }: TranslationPlan,
  corpus: ParallelCorpus,
  given: SentenceCodec | (() => void),
): ClaimedRun {
  const there = isRun(folder) ? readTranslationRunConfig(folder) : undefined;
  const codec = there === undefined ? newCodec(text, corpus, given) : loadCodec(folder, there.text, there.text);
  const { source, target } = codec.vocabularies;
  const config: TranslationRunConfig = {
    version: 1,
    task: 'translation',
    dataset: { folder: corpus.folder, hash: corpus.hash },
    text: { ...text, ...codec.hashes },
    model: { ...model, sourceVocabulary: source.size, targetVocabulary: target.size },
    training,
  };
  if (there === undefined) {
    makeRunFolder(folder);
    saveCodec(folder, codec); // before the configuration, which a run is known by
  }
  claimFolder(folder, config, readTranslationRunConfig);
  return { codec, config: readTranslationRunConfig(folder), finished: isFinished(folder) };
}

function newCodec(text: TextSettings, corpus: ParallelCorpus, given: SentenceCodec | (() => void)): SentenceCodec {
  if (typeof given !== 'function') return given;
  given();
  return SentenceCodec.learn(text, corpus.train);
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
