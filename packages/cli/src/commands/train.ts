import { resolve } from 'node:path';
import type { Device, ProcessGroup } from '@editable/torch';
import type {
  DatasetSource,
  EditorName,
  HyperparameterValue,
  ImageDataset,
  ImageShape,
  ModelSpec,
  RunConfig,
  RunTask,
  SplitName,
  TrainingSettings,
} from 'editable';
import { type NetworkName, networkNames } from 'editable/network-names';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { count, duration, percent } from '../console/numbers.js';
import { UsageError } from '../errors.js';
import { deviceOf, silentConsole, withGroup } from '../group.js';
import { choice, number, path, text, toggle, wholeNumber } from '../options/kinds.js';
import { taskOptions } from '../options/other-task.js';
import {
  editorKinds,
  editorNames,
  networkKind,
  type PreprocessingFlags,
  preprocessingOptions,
  type SessionFlags,
  sessionOptions,
  sourceOptionsWith,
} from '../options/shared.js';
import type { OptionTable } from '../options/table.js';
import { refuseTranslationFlags, type TranslationFlags, translationOptions } from '../options/translation.js';
import { editsOf } from './edits-per-step.js';
import { type ExtraLayerFlags, withExtra } from './extra-layer-flags.js';
import { trainTranslator } from './train-translation.js';

type Augmentation = NonNullable<TrainingSettings['augmentation']>;

interface TrainFlags extends SessionFlags, PreprocessingFlags, TranslationFlags, ExtraLayerFlags {
  readonly task: RunTask | undefined;
  readonly model: NetworkName | undefined;
  readonly width: number | undefined;
  readonly epochs: number;
  readonly batchSize: number | undefined;
  readonly objective: TrainingSettings['objective'] | undefined;
  readonly baseLoss: TrainingSettings['baseLoss'] | undefined;
  readonly learningRate: number | undefined;
  readonly addedLearningRate: number | undefined;
  readonly weightDecay: number | undefined;
  readonly schedule: TrainingSettings['schedule'] | undefined;
  readonly optimizer: TrainingSettings['optimizer'] | undefined;
  readonly nesterov: boolean;
  readonly clipNorm: number | undefined;
  readonly precision: NonNullable<TrainingSettings['precision']>;
  readonly augment: boolean;
  readonly augmentation: Augmentation | undefined;
  readonly from: string | undefined;
  readonly trainImages: number | undefined;
  readonly freezeBefore: string | undefined;
  readonly editor: EditorName;
  readonly editorLearningRate: HyperparameterValue | undefined;
  readonly beta: number | undefined;
  readonly layers: readonly string[] | undefined;
  readonly maxSteps: number;
  readonly editTargets: 'random' | 'mistakes' | 'ranks' | undefined;
  readonly cEdit: number | undefined;
  readonly cLoc: number | undefined;
  readonly clipEditNorm: number | undefined;
  readonly localityImages: number | undefined;
  readonly firstOrder: boolean;
  readonly checkpointSteps: boolean;
  readonly learnEditor: boolean;
  readonly editsPerStep: number | undefined;
  readonly syncBatchNorm: boolean;
  readonly checkpointEvery: number;
  readonly out: string;
}

const options: OptionTable<TrainFlags> = {
  ...taskOptions,
  model: {
    kind: networkKind,
    description: `${networkNames.join(', ')} (default: --from's, else cifar-resnet18); on images of less than 64 pixels a side resnet18 means cifar-resnet18, its form for these`,
  },
  width: {
    kind: wholeNumber({ min: 1, max: 1024 }),
    description:
      "channels of cifar-resnet18's first chain (default: --from's, else 64, the paper's); 8 to 16 suits two cores",
  },
  extraLayer: {
    kind: wholeNumber({ min: 1, max: 65_536 }),
    description:
      'add an extra layer of so many hidden units before the last one, to be edited as --layers extra (section 4.3)',
  },
  standardizedExtra: {
    kind: toggle,
    default: false,
    description: "the extra layer's dense layers see their inputs less their mean and divided by their deviation",
  },
  extraGain: {
    kind: number({ above: 0 }),
    description:
      "with --standardized-extra: the first dense layer begins so many times as large as PyTorch's (default: 1)",
  },
  objective: {
    kind: choice(['plain', 'editable']),
    description: 'plain training, or Editable Training, equation 2 (default: editable; translation: plain)',
  },
  baseLoss: {
    kind: choice(['cross-entropy', 'distillation']),
    description:
      "L_base: against the labels, or against the predictions of --from's model (section 4.3; default: cross-entropy)",
  },
  epochs: { kind: wholeNumber({ min: 1 }), default: 10, description: 'passes over the train images' },
  batchSize: { kind: wholeNumber({ min: 1 }), description: 'images a step (default: 128)' },
  learningRate: {
    kind: number({ above: 0 }),
    description: "the optimizer's step size, for translation the highest (default: 1e-3; translation: 2e-3)",
  },
  addedLearningRate: {
    kind: number({ above: 0 }),
    description: "of the layers that --from's model lacks (default: --learning-rate; section 4.3: 1e-3 beside 1e-5)",
  },
  weightDecay: {
    kind: number({ min: 0 }),
    description: 'L2 penalty; for translation apart from the gradient (default: 0; translation: 1e-4)',
  },
  schedule: {
    kind: choice(['constant', 'cosine', 'one-cycle']),
    description: 'how the learning rate moves (default: cosine)',
  },
  optimizer: { kind: choice(['adam', 'sgd']), description: 'sgd has Nesterov momentum 0.9 (default: adam)' },
  nesterov: { kind: toggle, default: true, description: "sgd with plain momentum, not Nesterov's" },
  clipNorm: { kind: number({ above: 0 }), description: 'bound on the norm of all gradients together (default: 10)' },
  precision: {
    kind: choice(['float32', 'bfloat16']),
    default: 'float32',
    description: 'bfloat16: L_base in mixed precision, where the processor is faster in it; edits and L_loc in float32',
  },
  augment: { kind: toggle, default: true, description: 'train without random crops and flips' },
  augmentation: {
    kind: choice(['shift', 'random-resized-crop']),
    description:
      'shift: the usual crop moved by an eighth of its side; random-resized-crop: a random part of each photograph, read anew for each batch (default for a folder of photographs); both with flips',
  },
  trainImages: { kind: wholeNumber({ min: 1 }), description: 'train on the first N images only' },
  from: { kind: path('run'), description: "start from this run's model, in its normalization (fine-tuning)" },
  freezeBefore: {
    kind: text('stage', 'a stage of the model'),
    description: 'train this stage (layer3, extra, head) and those after it only; the ones before stay as they are',
  },
  editor: {
    kind: choice(editorNames),
    default: 'rmsprop',
    description: "the editor that training prepares for; natural, for pictures, steps in the metric of --from's model",
  },
  editorLearningRate: {
    kind: editorKinds.learningRate,
    description: "the editor's step size α, where learning it starts (default: the editor's own)",
  },
  beta: { kind: editorKinds.beta, description: "the editor's β, where learning it starts (default: the editor's own)" },
  layers: {
    kind: editorKinds.layers,
    description: 'what the editor may change: layer3, chain-3, layer3.0.conv1, all; commas between (default: chain 3)',
  },
  maxSteps: { kind: editorKinds.maxSteps, default: 10, description: 'k, the most steps an edit may take' },
  editTargets: {
    kind: choice(['random', 'mistakes', 'ranks']),
    description:
      "what edits of training ask for: random classes; the true classes of training images that --from's model gets wrong; or classes of the ranks that the true ones have there (section 4.3.1; default: random)",
  },
  cEdit: {
    kind: number({ min: 0 }),
    description: 'weight of L_edit: edits succeed (default: 0.01; translation: 100)',
  },
  cLoc: {
    kind: number({ min: 0 }),
    description: 'weight of L_loc: edits leave the rest alone (default: 0.01; translation: 100)',
  },
  clipEditNorm: {
    kind: number({ above: 0 }),
    description: "bound on the norm of the edit and locality terms' gradient alone (default: none)",
  },
  localityImages: {
    kind: wholeNumber({ min: 1 }),
    description: 'images of each batch that L_loc is estimated on (default: all)',
  },
  firstOrder: {
    kind: toggle,
    default: false,
    description: "treat the editor's gradients as constants: faster, weaker",
  },
  checkpointSteps: {
    kind: toggle,
    default: false,
    description: "keep what the editor's steps started from instead of their graph: less memory, more time",
  },
  learnEditor: { kind: toggle, default: true, description: "keep the editor's α and β as they are" },
  editsPerStep: {
    kind: wholeNumber({ min: 1 }),
    description: 'edits of each step, whose terms are averaged (default: one for each process that trains)',
  },
  syncBatchNorm: {
    kind: toggle,
    default: false,
    description: "several processes: batch statistics over the whole batch, not over each one's share",
  },
  checkpointEvery: {
    kind: wholeNumber({ min: 1 }),
    default: 200,
    description: 'steps between the checkpoints that an interrupted training continues from',
  },
  out: { kind: path('run'), required: true, description: 'the run folder; an interrupted run in it is continued' },
  ...translationOptions,
  ...preprocessingOptions,
  ...sessionOptions,
  ...sourceOptionsWith("--from's, else fashion-mnist"),
};

export const trainCommand: ReturnType<typeof defineCommand> = defineCommand<TrainFlags>({
  name: 'train',
  summary: 'Train a network, plainly or with Editable Training; run it again to continue.',
  arguments: [],
  options,
  examples: [
    'train --dataset fashion-mnist --width 8 --epochs 2 --objective plain --out runs/plain',
    'train --epochs 1 --from runs/plain --c-edit 0.05 --c-loc 0.05 --out runs/editable',
    'train --task translation --dataset multi30k --source de --target en --out runs/de-en',
    'train --task translation --objective editable --from runs/de-en --epochs 3 --out runs/de-en-editable',
  ],
  run: (_, flags, console) =>
    withGroup(flags, (group) => {
      const own = group === undefined || group.rank === 0 ? console : silentConsole;
      return flags.task === 'translation' ? trainTranslator(flags, own, group) : trainFromFlags(flags, own, group);
    }),
});

async function trainFromFlags(flags: TrainFlags, console: Console, group: ProcessGroup | undefined): Promise<number> {
  refuseTranslationFlags(flags);
  const { readRunConfig, runConfig } = await import('editable');
  const { openData, preprocessingOf, publishedPreprocessing, sourceOf, train, trainBeside, usableDevice } =
    await import('@editable/workspace');
  const device = usableDevice(deviceOf(flags.device, group));
  const start = flags.from === undefined ? undefined : readRunConfig(flags.from);
  if (start !== undefined) requireSame(start, flags);
  const source = sourceOf(flags, start?.dataset ?? 'fashion-mnist');
  const preprocessing = preprocessingOf(flags, source) ?? start?.preprocessing ?? publishedPreprocessing(flags.model);
  const augmentation = augmentationOf(flags, source);
  const onDemand: SplitName[] = augmentation === 'random-resized-crop' ? ['train'] : [];
  const dataset = await shown(console, (job) => openData(source, flags, { preprocessing, onDemand }, job));
  const { model = 'cifar-resnet18', width = 64 } = flags;
  const sizes = { width, inChannels: dataset.shape[0], classes: dataset.classes.length };
  const spec = withExtra(start?.model ?? specOf(formOf(model, dataset.shape), sizes), flags);
  const fresh = runConfig(dataset, spec, {
    ...(await settingsOf(flags, spec)),
    ...(await targetsOf(flags, dataset, device)),
    ...(augmentation === 'random-resized-crop' ? { augmentation } : {}),
    ...(await editsOf(flags, group, { objective: flags.objective ?? 'editable', read: readRunConfig })),
  });
  const config = start === undefined ? fresh : { ...fresh, normalization: start.normalization };
  const { objective } = config.training as TrainingSettings;
  const label = objective === 'plain' ? 'training' : 'editable training';
  const job = { folder: flags.out, config, dataset, device, group };
  if (group !== undefined && group.rank > 0) {
    await trainBeside(job);
    return exitCodes.done;
  }
  const result = await shown(console, (options) => train(job, options), { training: label });
  const { run, epochs, steps, testError, testImages, seconds, state } = result;
  console.print(
    `test error ${percent(testError)} on ${count(testImages)} images · ${duration(seconds)} · ${run.folder}`,
  );
  console.result({
    run: run.folder,
    objective,
    testError,
    testImages,
    steps,
    epochs,
    editor: run.editor,
    state,
    seconds,
  });
  return exitCodes.done;
}

/** Kept only where it is not what runs of earlier versions did. */
function augmentationOf({ augment, augmentation }: TrainFlags, source: DatasetSource): Augmentation | undefined {
  if (!augment) return undefined;
  if (typeof source === 'object') return augmentation ?? 'random-resized-crop';
  if (augmentation !== 'random-resized-crop') return augmentation;
  throw new UsageError(
    `--augmentation: expected shift, as ${source} has no photographs to cut from, received "${augmentation}".`,
  );
}

/** Kept only where it is not what runs of earlier versions did. */
async function targetsOf(
  { editTargets = 'random', from }: TrainFlags,
  dataset: ImageDataset,
  device: Device,
): Promise<Pick<TrainingSettings, 'editTargets'>> {
  if (editTargets === 'random') return {};
  if (from === undefined)
    throw new UsageError(`--edit-targets: expected --from, a run whose mistakes are looked at, with "${editTargets}".`);
  if (editTargets === 'mistakes') return { editTargets };
  const { mistakeRanks } = await import('@editable/workspace');
  return { editTargets: { ranks: mistakeRanks(from, dataset, device) } };
}

export const specOf = (
  kind: NetworkName,
  { width, inChannels, classes }: { readonly width: number; readonly inChannels: number; readonly classes: number },
): ModelSpec => (kind === 'cifar-resnet18' ? { kind, width, inChannels, classes } : { kind, inChannels, classes });

/** On small images resnet18 means their form of it: its name before ImageNet's was here, in commands that continue a run. */
const formOf = (kind: NetworkName, [, height, width]: ImageShape): NetworkName =>
  kind === 'resnet18' && Math.min(height, width) < 64 ? 'cifar-resnet18' : kind;

/** Fine-tuning keeps model and data: asking for others than the run's is a slip. */
function requireSame({ dataset, model, shape }: RunConfig, flags: TrainFlags): void {
  const there = {
    dataset: nameOf(dataset, flags),
    model: model.kind,
    width: model.kind === 'cifar-resnet18' ? model.width : undefined,
  };
  const asked = { ...flags, model: flags.model && formOf(flags.model, shape) };
  for (const name of ['dataset', 'model', 'width'] as const) {
    if (asked[name] === undefined || asked[name] === there[name]) continue;
    throw new UsageError(
      `--${name}: expected ${there[name] ?? 'none'}, as --from ${flags.from} has it, or no --${name}; received ${flags[name]}.`,
    );
  }
}

/** A folder may be said in other words than the run keeps. */
const nameOf = (dataset: DatasetSource, flags: TrainFlags): string | undefined => {
  if (typeof dataset === 'string') return dataset;
  return flags.dataset !== undefined && resolve(flags.dataset) === dataset.folder ? flags.dataset : dataset.folder;
};

async function settingsOf(flags: TrainFlags, spec: ModelSpec): Promise<TrainingSettings> {
  const { defaultTraining, networks } = await import('editable');
  const { layersOf, overridden } = await import('@editable/workspace');
  const { baseLoss = 'cross-entropy', epochs, augment, seed } = flags;
  const { objective = 'editable', batchSize = 128, schedule = 'cosine', optimizer = 'adam' } = flags;
  const { learningRate = 1e-3, weightDecay = 0, clipNorm = 10 } = flags;
  const usual = spec.kind === 'torchscript' ? 'layer3' : networks[spec.kind].usualLayers;
  const editor = overridden(
    { ...defaultTraining.editor, layers: layersOf(flags.layers ?? [usual]), maxSteps: flags.maxSteps },
    { ...flags, learningRate: flags.editorLearningRate },
  );
  return {
    ...defaultTraining,
    ...{
      objective,
      baseLoss,
      epochs,
      batchSize,
      learningRate,
      weightDecay,
      schedule,
      optimizer,
      clipNorm,
      augment,
      seed,
    },
    from: flags.from ?? null,
    editor,
    cEdit: flags.cEdit ?? defaultTraining.cEdit,
    cLoc: flags.cLoc ?? defaultTraining.cLoc,
    clipEditNorm: flags.clipEditNorm ?? null,
    localityImages: flags.localityImages ?? null,
    firstOrder: flags.firstOrder,
    ...(flags.addedLearningRate === undefined ? {} : { addedLearningRate: flags.addedLearningRate }),
    ...(flags.nesterov ? {} : { nesterov: false }),
    ...(flags.checkpointSteps ? { checkpointSteps: true } : {}),
    ...(flags.syncBatchNorm ? { syncBatchNorm: true } : {}),
    ...(flags.precision === 'float32' ? {} : { precision: flags.precision }),
    learnEditor: flags.learnEditor,
    checkpointEvery: flags.checkpointEvery,
    trainImages: flags.trainImages ?? null,
    freezeBefore: flags.freezeBefore ?? null,
  };
}
