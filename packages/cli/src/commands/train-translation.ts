/** `editable train --task translation`: a Transformer from parallel text; the same command continues an interrupted one. */
import { resolve } from 'node:path';
import type { ProcessGroup } from '@editable/torch';
import type { EditorName, HyperparameterValue, TranslationPlan, TranslationTraining } from 'editable';
import { exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { count, duration } from '../console/numbers.js';
import { UsageError } from '../errors.js';
import { deviceOf } from '../group.js';
import { optionName } from '../options/table.js';
import type { TranslationFlags } from '../options/translation.js';
import { editsOf } from './edits-per-step.js';

interface TranslatorFlags extends TranslationFlags {
  readonly dataset: string | undefined;
  readonly epochs: number;
  readonly objective: 'plain' | 'editable' | undefined;
  readonly from: string | undefined;
  readonly nesterov: boolean;
  readonly augment: boolean;
  readonly learningRate: number | undefined;
  readonly weightDecay: number | undefined;
  readonly clipNorm: number | undefined;
  readonly precision: NonNullable<TranslationTraining['precision']>;
  readonly editor: EditorName;
  readonly editorLearningRate: HyperparameterValue | undefined;
  readonly beta: number | undefined;
  readonly layers: readonly string[] | undefined;
  readonly maxSteps: number;
  readonly cEdit: number | undefined;
  readonly cLoc: number | undefined;
  readonly clipEditNorm: number | undefined;
  readonly firstOrder: boolean;
  readonly checkpointSteps: boolean;
  readonly learnEditor: boolean;
  readonly editsPerStep: number | undefined;
  readonly checkpointEvery: number;
  readonly seed: number;
  readonly device: string;
  readonly out: string;
}

/** Of translations of the test sentences when training is done. */
const beam = 5;

/** Options of image classification that change what is trained; given here they would be ignored. */
const ofImages = [
  ...[
    'model',
    'width',
    'extraLayer',
    'standardizedExtra',
    'extraGain',
    'trainImages',
    'baseLoss',
    'freezeBefore',
    'classes',
    'resize',
    'crop',
    'onDamaged',
    'dataDir',
  ],
  ...['batchSize', 'schedule', 'optimizer', 'augmentation', 'localityImages', 'addedLearningRate', 'editTargets'],
];

/** What a run that training starts from has already. */
const ofStart = [
  ...['source', 'target', 'tokenization', 'keepCase', 'merges'],
  ...['encoderLayers', 'decoderLayers', 'dim', 'feedForward', 'heads', 'dropout'],
];

/** What only edits of training have. */
const ofEdits = ['editsPerStep', 'cEdit', 'cLoc', 'clipEditNorm', 'editNormalization', 'editorLearningRate', 'beta'];

export async function trainTranslator(
  flags: TranslatorFlags,
  console: Console,
  group: ProcessGroup | undefined,
): Promise<number> {
  requireTranslation(flags);
  const { readParallelCorpus, readSplitIfThere } = await import('editable');
  const { trainTranslator: train, trainTranslatorBeside, usableDevice } = await import('@editable/workspace');
  const device = usableDevice(deviceOf(flags.device, group));
  const { plan, folder } = await planOf(flags, group);
  const corpus = readParallelCorpus(folder, plan.text);
  const test = readSplitIfThere(folder, 'test', plan.text);
  const job = { folder: flags.out, plan, corpus, test, beam, device, group };
  if (group !== undefined && group.rank > 0) {
    await trainTranslatorBeside(job);
    return exitCodes.done;
  }
  const label = plan.training.objective === 'plain' ? 'training' : 'editable training';
  const result = await shown(console, (options) => train(job, options), { training: label });
  const { run, epochs, steps, bleu, testSentences, seconds, state } = result;
  const { objective } = plan.training;
  const judged = bleu === null ? 'no test sentences' : `BLEU ${bleu.toFixed(2)} on ${count(testSentences)} sentences`;
  console.print(`${judged} · ${duration(seconds)} · ${run.folder}`);
  console.result({ run: run.folder, objective, bleu, testSentences, beam, steps, epochs, state, seconds });
  return exitCodes.done;
}

function requireTranslation(flags: TranslatorFlags): void {
  const { objective = 'plain', from } = flags;
  refuse(flags, ofImages, 'expected for image classification only.');
  for (const name of ['nesterov', 'augment'] as const)
    if (!flags[name]) throw new UsageError(`--no-${name}: expected for image classification only.`);
  if (objective === 'plain') refuse(flags, ofEdits, 'expected with --objective editable.');
  if (objective === 'editable' && from === undefined)
    throw new UsageError(
      '--objective: expected plain, or --from RUN, a trained run whose translations give edits their targets and alternatives.',
    );
  if (from !== undefined) {
    refuse(flags, ofStart, `expected as --from ${from} has it; leave it out.`);
    return;
  }
  for (const name of ['dataset', 'source', 'target'] as const) {
    if (flags[name] !== undefined) continue;
    throw new UsageError(
      `${optionName(name)}: expected with --task translation, as in --dataset multi30k --source de --target en.`,
    );
  }
}

function refuse(flags: object, names: readonly string[], problem: string): void {
  const given = names.find((name) => {
    const value = (flags as Readonly<Record<string, unknown>>)[name];
    return value !== undefined && value !== false;
  });
  if (given !== undefined) throw new UsageError(`${optionName(given)}: ${problem}`);
}

/** What is trained, and on which folder of parallel text. */
async function planOf(
  flags: TranslatorFlags,
  group: ProcessGroup | undefined,
): Promise<{ readonly plan: TranslationPlan; readonly folder: string }> {
  const { planFrom, readTranslationRunConfig, smallTransformer } = await import('editable');
  if (flags.from !== undefined) {
    const config = readTranslationRunConfig(flags.from);
    const folder = flags.dataset === undefined ? config.dataset.folder : resolve(flags.dataset);
    const { decoderLayers = smallTransformer.decoderLayers } = config.model;
    const training = await trainingOf(flags, { decoderLayers, from: resolve(flags.from), group });
    return { plan: planFrom({ config }, training), folder };
  }
  const sizes = given(flags, ['encoderLayers', 'decoderLayers', 'dim', 'feedForward', 'heads', 'dropout']);
  const model = { ...smallTransformer, ...(sizes as Partial<typeof smallTransformer>) };
  const text: TranslationPlan['text'] = {
    source: flags.source as string,
    target: flags.target as string,
    tokenization: flags.tokenization ?? 'moses',
    lowercase: !flags.keepCase,
    merges: flags.merges ?? 4000,
  };
  const training = await trainingOf(flags, { decoderLayers: model.decoderLayers, from: null, group });
  return { plan: { text, model, training }, folder: resolve(flags.dataset as string) };
}

async function trainingOf(
  flags: TranslatorFlags,
  {
    decoderLayers,
    from,
    group,
  }: { readonly decoderLayers: number; readonly from: string | null; readonly group: ProcessGroup | undefined },
): Promise<TranslationTraining> {
  const { defaultTranslationTraining: usual, readTranslationRunConfig } = await import('editable');
  const { layersOf, overridden } = await import('@editable/workspace');
  const { epochs, seed, checkpointEvery, objective = 'plain' } = flags;
  const settings = given(flags, [
    ...(['learningRate', 'warmUp', 'cooldown'] as const),
    ...(['weightDecay', 'clipNorm', 'batchTokens', 'labelSmoothing'] as const),
  ]);
  const layers = layersOf(flags.layers ?? [`decoder.layers.${decoderLayers - 1}`]);
  const own: TranslationTraining = {
    ...usual,
    ...(settings as Partial<typeof usual>),
    ...{ epochs, seed, checkpointEvery },
    ...(from === null ? {} : { from }),
    ...(flags.precision === 'float32' ? {} : { precision: flags.precision }),
    maxRatio: flags.maxRatio ?? usual.maxRatio,
    averageEpochs: flags.averageEpochs ?? usual.averageEpochs,
    editor: { ...usual.editor, layers },
  };
  if (objective === 'plain') return own;
  const { firstOrder, learnEditor, checkpointSteps, editNormalization = 'tokens' } = flags;
  return {
    ...own,
    objective,
    editor: overridden(
      { ...own.editor, maxSteps: flags.maxSteps },
      { editor: flags.editor, learningRate: flags.editorLearningRate, beta: flags.beta },
    ),
    cEdit: flags.cEdit ?? usual.cEdit,
    cLoc: flags.cLoc ?? usual.cLoc,
    clipEditNorm: flags.clipEditNorm ?? null,
    ...{ firstOrder, learnEditor, editNormalization },
    ...(await editsOf(flags, group, { objective, read: readTranslationRunConfig })),
    ...(checkpointSteps ? { checkpointSteps } : {}),
  };
}

/** Those of the flags that were given. */
const given = <Name extends keyof TranslatorFlags>(
  flags: TranslatorFlags,
  names: readonly Name[],
): Partial<Pick<TranslatorFlags, Name>> =>
  Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]]))) as Partial<
    Pick<TranslatorFlags, Name>
  >;
