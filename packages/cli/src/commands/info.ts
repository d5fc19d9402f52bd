/** `editable info`: versions and places of this installation, or what a run or a patch holds. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import type { PatchInfo } from 'editable';
import { datasetNames } from 'editable/dataset-names';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { count, plural, signedPercent } from '../console/numbers.js';
import { facts } from '../console/table.js';
import { UsageError } from '../errors.js';
import { type DataFlags, dataOptions, type OutputFlags, outputOptions } from '../options/shared.js';
import type { OptionTable } from '../options/table.js';

interface InfoFlags extends DataFlags, OutputFlags {}

const options: OptionTable<InfoFlags> = { ...dataOptions, ...outputOptions };

export const infoCommand: ReturnType<typeof defineCommand> = defineCommand<InfoFlags>({
  name: 'info',
  summary: 'Show versions and data sets, or what a run or a patch holds.',
  arguments: [{ name: 'path', description: 'a run folder or a patch file', optional: true }],
  options,
  examples: ['info', 'info runs/editable', 'info fix.safetensors'],
  run: async ([path], flags, console) => {
    if (path === undefined) return installation(flags, console);
    if (!existsSync(path))
      throw new UsageError(`info: expected a run folder or a patch file, received "${path}", which does not exist.`);
    return statSync(path).isDirectory() ? run(path, console) : patch(path, console);
  },
});

type Place = { readonly name: string; readonly folder: string | null; readonly problem: string | null };

async function installation({ dataDir }: DataFlags, console: Console): Promise<number> {
  const { environment } = await import('../report/environment.js');
  const here = environment();
  const datasets: Place[] = [];
  for (const name of datasetNames) datasets.push(await placeOf(name, dataDir));
  console.print(
    facts([
      ['node', here.node],
      ['libtorch', `${here.libtorch}${here.libtorchFile === null ? '' : `, ${here.libtorchFile}`}`],
      ['BLAS', here.blas ?? 'unknown'],
      ['threads', String(here.threads)],
      ['processor', here.processor],
      ['cuda', here.cuda ? 'yes' : 'no'],
      ...(here.commit === null ? [] : [['commit', here.commit] as const]),
      ...datasets.map(({ name, folder, problem }) => [name, folder ?? (problem as string)] as const),
    ]),
  );
  console.result({ ...here, datasets });
  return exitCodes.done;
}

/** Looks without downloading: Fashion-MNIST is fetched only by the commands that need it. */
async function placeOf(name: (typeof datasetNames)[number], dataDir: string | undefined): Promise<Place> {
  const { EditableError, loadDataset } = await import('editable');
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'editable', name);
  const places = ['/usr/share/datasets/fashion-mnist', cache, dataDir, process.env.EDITABLE_DATA];
  if (name === 'fashion-mnist' && !places.some(holdsFashionMnist)) {
    return { name, folder: null, problem: 'not here; it is fetched when first needed' };
  }
  try {
    return { name, folder: (await loadDataset(name, { dataDir })).folder, problem: null };
  } catch (error) {
    if (!(error instanceof EditableError)) throw error;
    return { name, folder: null, problem: error.message };
  }
}

const holdsFashionMnist = (folder: string | undefined): boolean =>
  folder !== undefined &&
  [folder, join(folder, 'fashion-mnist')].some(
    (place) =>
      existsSync(place) &&
      statSync(place).isDirectory() &&
      readdirSync(place).some((file) => /^(train|t10k)-.*-ubyte/.test(file)),
  );

async function run(folder: string, console: Console): Promise<number> {
  const { readCard, readEditorChoice, readRunConfig, runFiles, taskOfRun } = await import('editable');
  if (taskOfRun(folder) === 'translation') return translationRun(folder, console);
  const { describeBest } = await import('../report/card-text.js');
  const { describeEditor, describeLayers } = await import('../report/editor-text.js');
  const { describeEpoch } = await import('../report/training-text.js');
  const { jobFiles, metricsOf, summarizeEpochs } = await import('@editable/workspace');
  const config = readRunConfig(folder);
  const editor = readEditorChoice(folder);
  const card = readCard(folder);
  const has = (file: string): boolean => existsSync(join(folder, file));
  const unfinished = has(runFiles.checkpoint) || !has(runFiles.model);
  const epochs = summarizeEpochs(metricsOf(folder));
  const evaluations = documentsIn(join(folder, jobFiles.evaluations));
  const { training, model, dataset, classes } = config;
  console.print(
    facts([
      [
        'run',
        `${folder}, ${training === null ? 'imported' : `${training.objective} training${unfinished ? ', not finished' : ''}`}`,
      ],
      [
        'model',
        Object.entries(model)
          .map(([name, value]) => (name === 'kind' ? String(value) : `${name} ${value}`))
          .join(', '),
      ],
      ['data', `${typeof dataset === 'string' ? dataset : dataset.folder}, ${describeClasses(classes)}`],
      ['editor', editor === null ? 'not tuned' : `${describeEditor(editor)} on ${describeLayers(editor.layers)}`],
      ...(card === null ? [] : [['card', describeBest(card)] as const]),
      ['evaluations', evaluations.length === 0 ? 'none' : String(evaluations.length)],
    ]),
  );
  if (training !== null) for (const epoch of epochs) console.print(`  ${describeEpoch(epoch, training.epochs)}`);
  for (const file of evaluations) console.print(`  ${file}`);
  console.result({ run: folder, config, editor, card: card?.best ?? null, finished: !unfinished, epochs, evaluations });
  return exitCodes.done;
}

async function translationRun(folder: string, console: Console): Promise<number> {
  const { describeTranslationRun } = await import('../report/translation-run-text.js');
  const { text, document } = await describeTranslationRun(folder);
  console.print(text);
  console.result(document);
  return exitCodes.done;
}

const describeClasses = (classes: readonly string[]): string =>
  `${classes.length} classes: ${classes.slice(0, 20).join(', ')}${classes.length > 20 ? ', …' : ''}`;

const documentsIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .map((file) => join(folder, file))
    : [];

function whatItMakes({ target, repairs }: PatchInfo): string {
  if (repairs !== undefined) return `${plural(repairs.length, 'picture')} follow ${plural(repairs.length, 'repair')}`;
  const source = target?.index !== undefined ? `test image ${target.index}` : target?.image;
  return `${source ?? 'an input'} ${target ? `a ${target.className ?? target.label}` : 'follow its constraint'}`;
}

async function patch(path: string, console: Console): Promise<number> {
  const { describePatch } = await import('editable');
  const { metricWords } = await import('../report/editor-text.js');
  const described = describePatch(path);
  const { editor, hyperparameters, layers, steps, drawdown, flips, tensors, bytes, views, margin } = described;
  const settings = Object.entries(hyperparameters).map(([name, value]) => `${name} ${value}`);
  console.print(
    facts([
      ['patch', `${basename(path)}, ${described.createdAt}`],
      ['makes', whatItMakes(described)],
      [
        'editor',
        [
          editor,
          ...settings,
          ...(views ? [`${views} views`] : []),
          ...(margin ? [`margin ${margin}`] : []),
          ...metricWords(described),
        ].join(', '),
      ],
      ['layers', `${layers}, ${steps} steps`],
      [
        'cost',
        drawdown === undefined
          ? 'not measured'
          : `${signedPercent(drawdown)} test error, ${count(flips ?? 0)} predictions flipped`,
      ],
      ['tensors', `${tensors.length}, ${count(bytes)} bytes`],
      ['of model', described.baseHash],
      ['gives', described.resultHash],
    ]),
  );
  console.result({ patch: path, ...described });
  return exitCodes.done;
}
