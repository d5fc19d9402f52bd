/** `editable import`: a run from somebody's PyTorch checkpoint, or from a TorchScript model, whole. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { nn } from '@editable/torch';
import type { ImageDataset, ModelSpec, Normalization, RunTask } from 'editable';
import { datasetNames } from 'editable/dataset-names';
import { type NetworkName, networkNames } from 'editable/network-names';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { count, percent } from '../console/numbers.js';
import { UsageError } from '../errors.js';
import { numbers, path, text, wholeNumber } from '../options/kinds.js';
import { refuseOptionsOf, taskOptions } from '../options/other-task.js';
import {
  networkKind,
  type OutputFlags,
  outputOptions,
  type PreprocessingFlags,
  preprocessingOptions,
  type SourceFlags,
  sourceOptionsWith,
} from '../options/shared.js';
import type { OptionTable } from '../options/table.js';
import {
  type ImportTranslationFlags,
  importTranslationFromFlags,
  importTranslationOptions,
} from './import-translation.js';
import { specOf } from './train.js';

interface ImportFlags extends SourceFlags, PreprocessingFlags, ImportTranslationFlags, OutputFlags {
  readonly task: RunTask | undefined;
  readonly model: NetworkName | undefined;
  readonly dataset: string;
  readonly width: number | undefined;
  readonly mean: readonly number[] | undefined;
  readonly std: readonly number[] | undefined;
  readonly out: string;
}

const options: OptionTable<ImportFlags> = {
  ...taskOptions,
  ...sourceOptionsWith('none'),
  dataset: {
    kind: text('name|folder', 'a data set or a folder'),
    required: true,
    description: `what the model was trained on: ${datasetNames.join(', ')}, or a folder of photographs or of parallel text`,
  },
  model: {
    kind: networkKind,
    description: `what the checkpoint is of: ${networkNames.join(', ')}; left out for a TorchScript file, which is its own`,
  },
  width: {
    kind: wholeNumber({ min: 1, max: 1024 }),
    description: "cifar-resnet18's width (default: the checkpoint's)",
  },
  mean: {
    kind: numbers('numbers with commas between, one a channel'),
    description: 'normalisation it was trained with',
  },
  std: {
    kind: numbers('numbers with commas between, one a channel'),
    description: 'normalisation it was trained with',
  },
  ...preprocessingOptions,
  ...importTranslationOptions,
  out: { kind: path('run'), required: true, description: 'the run folder to make' },
  ...outputOptions,
};

export const importCommand: ReturnType<typeof defineCommand> = defineCommand<ImportFlags>({
  name: 'import',
  summary:
    'Make a run of a PyTorch checkpoint (.pth, .th, .safetensors), a TorchScript model (.pt) or a translation model of fairseq (.pt).',
  arguments: [
    { name: 'file', description: 'the checkpoint; a TorchScript file is a program: import only what you trust' },
  ],
  options,
  examples: [
    'import resnet20-12fca82f.th --model resnet20 --dataset cifar-10 --out runs/resnet20',
    'import scripted.pt --dataset cifar-10 --out runs/scripted',
    'import squeezenet1_1.safetensors --model squeezenet1_1 --dataset imagenette --classes synset_words.txt --out runs/s',
    'import checkpoint_best.pt --task translation --dataset iwslt14 --source de --target en --codes code --dictionary dict.de.txt --dictionary dict.en.txt --out runs/de-en',
  ],
  run: importFromFlags,
});

async function importFromFlags(
  [file]: readonly (string | undefined)[],
  flags: ImportFlags,
  console: Console,
): Promise<number> {
  const { createRun, keepScript, runConfig, runFiles } = await import('editable');
  const { errorOnTest, openData, preprocessingOf, publishedPreprocessing, sourceOf } = await import(
    '@editable/workspace'
  );
  if (existsSync(join(flags.out, runFiles.config))) {
    throw new UsageError(`--out: expected a folder without a run, received "${flags.out}", which holds one.`);
  }
  if (flags.task === 'translation') return importTranslationFromFlags(file as string, flags, console);
  refuseOptionsOf('translation', flags, Object.keys(importTranslationOptions));
  const source = sourceOf(flags);
  const preprocessing = preprocessingOf(flags, source) ?? publishedPreprocessing(flags.model);
  const dataset = await shown(console, (job) => openData(source, flags, { preprocessing, splits: ['test'] }, job));
  const { spec, model } = await (flags.model === undefined ? script : checkpoint)(
    file as string,
    flags,
    dataset,
    console,
  );
  const normalization = await normalizationOf(flags, spec, dataset);
  const config = { ...runConfig(dataset, spec, null), normalization };
  requireClassifier(dataset, await outputShape(model, dataset, normalization));
  const { testError, testImages } = errorOnTest({ folder: flags.out, config, model, editor: null }, dataset, 'cpu');
  if (spec.kind === 'torchscript') keepScript(file as string, flags.out, spec.file);
  const run = createRun(flags.out, config, model);
  console.print(`imported ${file} into ${run.folder}: test error ${percent(testError)} on ${count(testImages)} images`);
  console.result({ run: run.folder, model: spec, normalization, testError, testImages });
  return exitCodes.done;
}

interface Imported {
  readonly spec: ModelSpec;
  readonly model: nn.Model;
}

async function checkpoint(file: string, flags: ImportFlags, dataset: ImageDataset): Promise<Imported> {
  const { loadStateDict } = await import('@editable/torch');
  const { createModel, withWeights } = await import('editable');
  const weights = loadStateDict(file);
  const [channels = 64, , kernel] = weights.get('conv1.weight')?.shape ?? [];
  const sizes = { width: flags.width ?? channels, inChannels: dataset.shape[0], classes: dataset.classes.length };
  // Both forms of ResNet-18 have the same names; only the form for small images starts with a 3×3 convolution.
  const kind = flags.model === 'resnet18' && kernel === 3 ? 'cifar-resnet18' : (flags.model as NetworkName);
  const spec = specOf(kind, sizes);
  return { spec, model: withWeights(createModel(spec), weights, file) };
}

async function script(file: string, _: ImportFlags, __: ImageDataset, console: Console): Promise<Imported> {
  if (!/\.(pt|ts|torchscript)$/i.test(file)) {
    throw new UsageError(
      `--model: expected one of ${networkNames.join(', ')}, as only a TorchScript file (.pt) is imported without; received none.`,
    );
  }
  const { loadScriptModule } = await import('@editable/torch');
  console.remark(
    `${file} is taken for TorchScript, which is a program that runs here: import it only if you trust it.`,
  );
  return { spec: { kind: 'torchscript', file: scriptFile }, model: loadScriptModule(file) };
}

const scriptFile = 'model.pt';

async function normalizationOf(
  { mean, std }: ImportFlags,
  spec: ModelSpec,
  dataset: ImageDataset,
): Promise<Normalization> {
  const { networks } = await import('editable');
  const published = spec.kind === 'torchscript' ? undefined : networks[spec.kind].preprocessing;
  const usual = published?.mean.length === dataset.shape[0] ? published : dataset.normalization;
  const channels = dataset.shape[0];
  for (const [name, values] of Object.entries({ mean, std })) {
    if (values === undefined || values.length === channels) continue;
    throw new UsageError(`--${name}: expected ${channels} numbers for ${dataset.name}, received ${values.length}.`);
  }
  if (std?.some((value) => !(value > 0)))
    throw new UsageError(`--std: expected numbers above 0, received "${std.join(',')}".`);
  return { mean: mean ?? usual.mean, std: std ?? usual.std };
}

/** The shape of what the model makes of one test image. */
async function outputShape(
  model: nn.Model,
  dataset: ImageDataset,
  normalization: Normalization,
): Promise<readonly number[]> {
  const { noGrad, scope } = await import('@editable/torch');
  const { inputOf, testPicture } = await import('@editable/workspace');
  return scope(() =>
    noGrad(() => model.call(inputOf(testPicture(0, dataset), dataset, normalization, 'cpu')).output.shape),
  );
}

function requireClassifier({ classes, name, source }: ImageDataset, shape: readonly number[]): void {
  if (shape.length === 2 && shape[1] === classes.length) return;
  throw new UsageError(
    `--dataset: expected a model that gives [images, ${classes.length}] for ${name}, received one that gives [${shape.join(', ')}]${source === undefined ? '' : '; name its classes with --classes'}.`,
  );
}
