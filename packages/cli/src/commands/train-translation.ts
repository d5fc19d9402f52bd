/** `editable train --task translation`: a Transformer from parallel text; the same command continues an interrupted one. */
import { resolve } from 'node:path';
import type { TranslationPlan } from 'editable';
import { exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { count, duration } from '../console/numbers.js';
import { UsageError } from '../errors.js';
import { optionName } from '../options/table.js';
import type { TranslationFlags } from '../options/translation.js';

interface TranslatorFlags extends TranslationFlags {
  readonly dataset: string | undefined;
  readonly epochs: number;
  readonly objective: 'plain' | 'editable' | undefined;
  readonly learningRate: number | undefined;
  readonly weightDecay: number | undefined;
  readonly clipNorm: number | undefined;
  readonly checkpointEvery: number;
  readonly seed: number;
  readonly device: string;
  readonly out: string;
}

/** Of translations of the test sentences when training is done. */
const beam = 5;

/** Options of image classification that change what is trained; given here they would be ignored. */
const ofImages = [
  ...['model', 'width', 'extraLayer', 'from', 'trainImages', 'freezeBefore', 'classes', 'resize', 'crop'],
  ...['batchSize', 'schedule', 'optimizer', 'augmentation', 'addedLearningRate', 'editTargets'],
];

export async function trainTranslator(flags: TranslatorFlags, console: Console): Promise<number> {
  requireTranslation(flags);
  await requireOneProcess();
  const { readParallelCorpus, readSplitIfThere } = await import('editable');
  const { trainTranslator: train, usableDevice } = await import('@editable/workspace');
  const device = usableDevice(flags.device);
  const [folder, languages] = [resolve(flags.dataset as string), languagesOf(flags)];
  const corpus = readParallelCorpus(folder, languages);
  const test = readSplitIfThere(folder, 'test', languages);
  const job = { folder: flags.out, plan: await planOf(flags), corpus, test, beam, device };
  const result = await shown(console, (options) => train(job, options));
  const { run, epochs, steps, bleu, testSentences, seconds, state } = result;
  const judged = bleu === null ? 'no test sentences' : `BLEU ${bleu.toFixed(2)} on ${count(testSentences)} sentences`;
  console.print(`${judged} · ${duration(seconds)} · ${run.folder}`);
  console.result({ run: run.folder, objective: 'plain', bleu, testSentences, beam, steps, epochs, state, seconds });
  return exitCodes.done;
}

function requireTranslation(flags: TranslatorFlags): void {
  const given = ofImages.find((name) => (flags as unknown as Record<string, unknown>)[name] !== undefined);
  if (given !== undefined) throw new UsageError(`${optionName(given)}: expected for image classification only.`);
  if ('nesterov' in flags && flags.nesterov === false)
    throw new UsageError('--no-nesterov: expected for image classification only.');
  if (flags.objective === 'editable')
    throw new UsageError('--objective: expected plain, as Editable Training of translation is not here yet.');
  for (const name of ['dataset', 'source', 'target'] as const) {
    if (flags[name] !== undefined) continue;
    throw new UsageError(
      `${optionName(name)}: expected with --task translation, as in --dataset multi30k --source de --target en.`,
    );
  }
}

/** Several would write into one folder. */
async function requireOneProcess(): Promise<void> {
  const { placeInGroup } = await import('@editable/torch');
  const place = placeInGroup();
  if (place === undefined) return;
  throw new UsageError(
    `--task: expected image-classification, as translation is trained by one process so far, and this is one of ${place.worldSize}.`,
  );
}

const languagesOf = ({ source, target }: TranslationFlags) => ({ source: source as string, target: target as string });

async function planOf(flags: TranslatorFlags): Promise<TranslationPlan> {
  const { defaultTranslationTraining: usual, smallTransformer } = await import('editable');
  const { epochs, seed, checkpointEvery } = flags;
  const given = <Name extends keyof TranslatorFlags>(names: readonly Name[]): Pick<TranslatorFlags, Name> =>
    Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]]))) as Pick<
      TranslatorFlags,
      Name
    >;
  const sizes = given(['encoderLayers', 'decoderLayers', 'dim', 'feedForward', 'heads', 'dropout']);
  const model = { ...smallTransformer, ...(sizes as Partial<typeof smallTransformer>) };
  const settings = given(['learningRate', 'weightDecay', 'clipNorm', 'batchTokens', 'labelSmoothing', 'warmUp']);
  return {
    text: {
      ...languagesOf(flags),
      tokenization: flags.tokenization ?? 'moses',
      lowercase: !flags.keepCase,
      merges: flags.merges ?? 4000,
    },
    model,
    training: {
      ...usual,
      ...(settings as Partial<typeof usual>),
      ...{ epochs, seed, checkpointEvery },
      maxRatio: flags.maxRatio ?? usual.maxRatio,
      averageEpochs: flags.averageEpochs ?? Math.min(usual.averageEpochs, epochs),
      editor: { ...usual.editor, layers: `decoder.layers.${model.decoderLayers - 1}` },
    },
  };
}
