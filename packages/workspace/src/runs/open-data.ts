/** The pictures that a job is about: a data set by name, or a folder of photographs, decoded with progress. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type DatasetSource,
  datasetNames,
  type FolderSource,
  type ImageDataset,
  type ImageSplit,
  loadDataset,
  type NetworkName,
  networks,
  type PhotographsOptions,
  type RunConfig,
  unlabelledPhotographs,
} from 'editable';
import { invalid } from '../errors.js';
import { type JobOptions, tell } from '../job-events.js';

/** Which pictures are meant; what is left out comes from the run. */
export interface NamedSource {
  /** A data set's name, or a folder of photographs. */
  readonly dataset?: string | undefined;
  /** A file that lists the network's classes in its order, for a folder of photographs. */
  readonly classes?: string | undefined;
  /** Photographs that cannot be read. */
  readonly onDamaged?: 'refuse' | 'skip' | undefined;
  /** Where data sets by name are. */
  readonly dataDir?: string | undefined;
}

/** What is named; where nothing is, or only how to read it, `usual`. @throws WorkspaceError INVALID_ARGUMENT */
export function sourceOf({ dataset, classes, onDamaged }: NamedSource, usual?: DatasetSource): DatasetSource {
  const source = dataset === undefined ? usual : namedSource(dataset, usual);
  if (source === undefined) throw invalid('dataset', 'expected a data set or a folder of photographs.');
  if (typeof source === 'object')
    return {
      ...source,
      ...(classes === undefined ? {} : { classes }),
      ...(onDamaged === undefined ? {} : { onDamaged }),
    };
  for (const [name, value] of Object.entries({ classes, onDamaged })) {
    if (value === undefined) continue;
    throw invalid(name, `expected with a folder of photographs, as ${source} brings its own; received "${value}".`);
  }
  return source;
}

/** A folder of other photographs is taken to be of the run's classes. */
function namedSource(word: string, usual: DatasetSource | undefined): DatasetSource {
  const name = datasetNames.find((each) => each === word);
  if (name !== undefined) return name;
  if (!existsSync(word) || !statSync(word).isDirectory()) {
    throw invalid(
      'dataset',
      `expected one of ${datasetNames.join(', ')}, or a folder of photographs, received "${word}".`,
    );
  }
  const { classes }: Partial<FolderSource> = typeof usual === 'object' ? usual : {};
  return { folder: resolve(word), ...(classes === undefined ? {} : { classes }) };
}

/** Resize and crop for a folder; undefined where neither is said. @throws WorkspaceError for half of it, or for a data set by name */
export function preprocessingOf(
  { resize, crop }: { readonly resize?: number | undefined; readonly crop?: number | undefined },
  source: DatasetSource,
): PhotographsOptions['preprocessing'] {
  if (resize === undefined && crop === undefined) return undefined;
  if (typeof source === 'string')
    throw invalid(resize === undefined ? 'crop' : 'resize', 'expected with a folder of photographs only.');
  const side = (resize ?? crop) as number;
  const [from, to] = [resize ?? side, crop ?? side];
  if (to > from)
    throw invalid('crop', `expected at most the ${from} that photographs are resized to, received "${to}".`);
  return { resize: from, crop: to };
}

/** What the network's published weights were made for. */
export function publishedPreprocessing(network: NetworkName | undefined): PhotographsOptions['preprocessing'] {
  if (network === undefined) return undefined;
  const { preprocessing } = networks[network];
  return preprocessing && { resize: preprocessing.resize ?? preprocessing.crop, crop: preprocessing.crop };
}

/** Opens it; photographs that were skipped are told. */
export async function openData(
  source: DatasetSource,
  { dataDir }: Pick<NamedSource, 'dataDir'>,
  options: PhotographsOptions,
  job: JobOptions,
): Promise<ImageDataset> {
  const dataset = await loadDataset(source, { ...options, dataDir, onProgress: decoding(job) });
  const { skipped = [] } = dataset;
  if (skipped.length > 0) tell(job, { kind: 'skipped', photographs: skipped });
  return dataset;
}

/** A folder of photographs without labels, as a run's network takes them. */
export function openControl(folder: string, { shape, preprocessing }: RunConfig, job: JobOptions): Promise<ImageSplit> {
  const [channels, height, width] = shape;
  if (preprocessing === undefined && (channels !== 3 || height !== width)) {
    throw invalid(
      'control',
      `expected a run on square photographs in three colours, received one on ${shape.join('×')}; leave it out.`,
    );
  }
  const own = preprocessing ?? { resize: height, crop: height };
  return unlabelledPhotographs(folder, { preprocessing: own, onProgress: decoding(job) });
}

const decoding =
  (job: JobOptions) =>
  (done: number, total: number): void =>
    tell(job, { kind: 'decoding', done, total });
