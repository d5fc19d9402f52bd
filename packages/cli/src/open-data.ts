/** The pictures that a command is about: a data set by name, or a folder of photographs, decoded with a progress bar. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DatasetSource, FolderSource, ImageDataset, ImageSplit, PhotographsOptions, RunConfig } from 'editable';
import type { NetworkName } from 'editable/network-names';
import type { Console } from './console/console.js';
import { plural } from './console/numbers.js';
import type { Progress } from './console/progress.js';
import { UsageError } from './errors.js';
import { type DataFlags, datasetNames, type PreprocessingFlags, type SourceFlags } from './options/shared.js';

/** What the flags name; where they name nothing, or only how to read it, `usual`. @throws UsageError */
export function sourceOf({ dataset, classes, onDamaged }: SourceFlags, usual?: DatasetSource): DatasetSource {
  const source = dataset === undefined ? usual : namedSource(dataset, usual);
  if (source === undefined) throw new UsageError('--dataset: expected a data set or a folder of photographs.');
  if (typeof source === 'object')
    return {
      ...source,
      ...(classes === undefined ? {} : { classes }),
      ...(onDamaged === undefined ? {} : { onDamaged }),
    };
  for (const [name, value] of Object.entries({ classes, 'on-damaged': onDamaged })) {
    if (value === undefined) continue;
    throw new UsageError(
      `--${name}: expected with --dataset FOLDER, as ${source} brings its own; received "${value}".`,
    );
  }
  return source;
}

/** A folder of other photographs is taken to be of the run's classes. */
function namedSource(word: string, usual: DatasetSource | undefined): DatasetSource {
  const name = datasetNames.find((each) => each === word);
  if (name !== undefined) return name;
  if (!existsSync(word) || !statSync(word).isDirectory()) {
    throw new UsageError(
      `--dataset: expected one of ${datasetNames.join(', ')}, or a folder of photographs, received "${word}".`,
    );
  }
  const { classes }: Partial<FolderSource> = typeof usual === 'object' ? usual : {};
  return { folder: resolve(word), ...(classes === undefined ? {} : { classes }) };
}

/** Resize and crop for a folder; undefined where neither is said. @throws UsageError for half of it, or for a data set by name */
export function preprocessingOf(
  { resize, crop }: PreprocessingFlags,
  source: DatasetSource,
): PhotographsOptions['preprocessing'] {
  if (resize === undefined && crop === undefined) return undefined;
  if (typeof source === 'string')
    throw new UsageError(`--${resize === undefined ? 'crop' : 'resize'}: expected with --dataset FOLDER only.`);
  const side = (resize ?? crop) as number;
  const [from, to] = [resize ?? side, crop ?? side];
  if (to > from) throw new UsageError(`--crop: expected at most the ${from} of --resize, received "${to}".`);
  return { resize: from, crop: to };
}

/** What the network's published weights were made for. */
export async function publishedPreprocessing(
  network: NetworkName | undefined,
): Promise<PhotographsOptions['preprocessing']> {
  if (network === undefined) return undefined;
  const { preprocessing } = (await import('editable')).networks[network];
  return preprocessing && { resize: preprocessing.resize ?? preprocessing.crop, crop: preprocessing.crop };
}

/** Opens it; photographs that were skipped are told. */
export async function openData(
  source: DatasetSource,
  { dataDir }: DataFlags,
  console: Console,
  options: PhotographsOptions = {},
): Promise<ImageDataset> {
  const { loadDataset } = await import('editable');
  const dataset = await withBar(console, (onProgress) => loadDataset(source, { ...options, dataDir, onProgress }));
  const { skipped = [] } = dataset;
  if (skipped.length > 0) console.remark(`Skipped ${plural(skipped.length, 'photograph')}: ${skipped.join(' ')}`);
  return dataset;
}

/** A folder of photographs without labels, as a run's network takes them. */
export async function openControl(
  folder: string,
  { shape, preprocessing }: RunConfig,
  console: Console,
): Promise<ImageSplit> {
  const { unlabelledPhotographs } = await import('editable');
  const [channels, height, width] = shape;
  if (preprocessing === undefined && (channels !== 3 || height !== width)) {
    throw new UsageError(
      `--control: expected a run on square photographs in three colours, received one on ${shape.join('×')}; leave it out.`,
    );
  }
  const own = preprocessing ?? { resize: height, crop: height };
  return withBar(console, (onProgress) => unlabelledPhotographs(folder, { preprocessing: own, onProgress }));
}

async function withBar<Result>(
  console: Console,
  decode: (onProgress: (done: number, total: number) => void) => Promise<Result>,
): Promise<Result> {
  let bar: Progress | undefined;
  try {
    return await decode((done, total) => {
      bar ??= console.progress('decoding', total);
      bar.update(done);
      if (done < total) return;
      bar.stop();
      bar = undefined;
    });
  } finally {
    (bar as Progress | undefined)?.stop();
  }
}
