/** A folder of photographs as a data set: listed, every one read once, then one by one as they are asked for. */
import { basename, resolve } from 'node:path';
import { EditableError } from '../errors.js';
import { readClassList } from './class-list.js';
import type { FolderSource, ImageDataset, ImageSplit, SplitName } from './image-dataset.js';
import type { Normalization } from './normalization.js';
import { type OpenedPhotographs, openPhotographs } from './opened-photographs.js';
import { checkPreprocessing, type ResizeAndCrop } from './photograph.js';
import { listPhotographs, listPictures } from './photograph-list.js';
import { photographWorkers } from './photograph-workers.js';

export interface PhotographsOptions {
  /** Default: 256 and 224, as ImageNet's classifiers are published. */
  readonly preprocessing?: ResizeAndCrop | undefined;
  /** Default: ImageNet's. */
  readonly normalization?: Normalization | undefined;
  /** Those that will be asked for: only they are decoded. Default: all that the folder has. */
  readonly splits?: readonly SplitName[] | undefined;
  /**
   * Those whose photographs are decoded from their files whenever they are asked for: what is trained on, in random crops.
   * Default: those with more than 16 GiB of crops. Of the others crops are made once and kept in the cache.
   */
  readonly onDemand?: readonly SplitName[] | undefined;
  /** Threads that read photographs; what is read does not depend on it. Default: as many as there are cores, at most 8. */
  readonly workers?: number | undefined;
  /** While photographs are read for the first time: how many, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const imagenet: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** @throws EditableError DATA_NOT_FOUND, INVALID_FILE, INVALID_ARGUMENT in one sentence each for what cannot be used */
export async function photographs(source: FolderSource, options: PhotographsOptions = {}): Promise<ImageDataset> {
  const { preprocessing = { resize: 256, crop: 224 }, normalization = imagenet, onProgress } = options;
  const { splits = ['train', 'test'], onDemand = [] } = options;
  const workers = photographWorkers(options.workers);
  const { onDamaged = 'refuse' } = source;
  checkPreprocessing(preprocessing);
  const folder = resolve(source.folder);
  const classes = source.classes === undefined ? undefined : resolve(source.classes);
  const list = listPhotographs(folder, classes === undefined ? undefined : readClassList(classes));
  const opened = new Map<SplitName, OpenedPhotographs>();
  for (const [split, listed] of list.splits) {
    if (!splits.includes(split)) continue;
    const reading = { preprocessing, onDamaged, onProgress, workers, onDemand: onDemand.includes(split) };
    opened.set(split, await openPhotographs(folder, listed, reading));
  }
  const { crop } = preprocessing;
  return {
    name: basename(folder),
    folder,
    source: { folder, ...(classes === undefined ? {} : { classes }), ...(onDamaged === 'skip' ? { onDamaged } : {}) },
    classes: list.classes.names,
    shape: [3, crop, crop],
    normalization,
    preprocessing,
    // Of crops already made: moved by an eighth of their side, as CIFAR's are.
    augmentation: { padding: Math.round(crop / 8), flip: true },
    skipped: [...opened.values()].flatMap(({ skipped }) => skipped),
    split: (which) => {
      const found = opened.get(which)?.split;
      if (found !== undefined) return found;
      throw new EditableError(
        'DATA_NOT_FOUND',
        list.splits.has(which)
          ? `${folder} was opened without its ${which} split.`
          : `${folder} has no ${which} photographs; put them into ${which}/CLASS/ in it, or name them in its manifest.csv.`,
      );
    },
  };
}

/** Photographs of any kind, without labels: what a repair is to leave as it is. */
export async function unlabelledPhotographs(
  folder: string,
  { preprocessing, onProgress }: { readonly preprocessing: ResizeAndCrop } & Pick<PhotographsOptions, 'onProgress'>,
): Promise<ImageSplit> {
  checkPreprocessing(preprocessing);
  const place = resolve(folder);
  const reading = {
    preprocessing,
    onDamaged: 'refuse',
    onProgress,
    workers: photographWorkers(),
    onDemand: false,
  } as const;
  return (await openPhotographs(place, listPictures(place), reading)).split;
}
