/** A folder of photographs as a data set: listed, decoded once as the network's preprocessing says, read on demand. */
import { basename, resolve } from 'node:path';
import { EditableError } from '../errors.js';
import { readClassList } from './class-list.js';
import { type DecodedPhotographs, decodedPhotographs, tooMany } from './decoded-photographs.js';
import type { FolderSource, ImageDataset, ImageSplit, SplitName } from './image-dataset.js';
import type { Normalization } from './normalization.js';
import { checkPreprocessing, type ResizeAndCrop } from './photograph.js';
import { listPhotographs, listPictures } from './photograph-list.js';

export interface PhotographsOptions {
  /** Default: 256 and 224, as ImageNet's classifiers are published. */
  readonly preprocessing?: ResizeAndCrop | undefined;
  /** Default: ImageNet's. */
  readonly normalization?: Normalization | undefined;
  /** Those that will be asked for: only they are decoded. Default: all that the folder has. */
  readonly splits?: readonly SplitName[] | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const imagenet: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** @throws EditableError DATA_NOT_FOUND, INVALID_FILE, INVALID_ARGUMENT in one sentence each for what cannot be used */
export async function photographs(source: FolderSource, options: PhotographsOptions = {}): Promise<ImageDataset> {
  const { preprocessing = { resize: 256, crop: 224 }, normalization = imagenet, onProgress } = options;
  const { splits = ['train', 'test'] } = options;
  const { onDamaged = 'refuse' } = source;
  checkPreprocessing(preprocessing);
  const folder = resolve(source.folder);
  const classes = source.classes === undefined ? undefined : resolve(source.classes);
  const list = listPhotographs(folder, classes === undefined ? undefined : readClassList(classes));
  const decoded = new Map<SplitName, DecodedPhotographs>();
  for (const [split, listed] of list.splits) {
    if (!splits.includes(split) || tooMany(folder, listed.length, preprocessing)) continue;
    decoded.set(split, await decodedPhotographs(folder, listed, { preprocessing, onDamaged, onProgress }));
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
    skipped: [...decoded.values()].flatMap(({ skipped }) => skipped),
    split: (which) => {
      const found = decoded.get(which)?.split;
      if (found !== undefined) return found;
      throw (
        tooMany(folder, list.splits.get(which)?.length ?? 0, preprocessing) ??
        new EditableError(
          'DATA_NOT_FOUND',
          list.splits.has(which)
            ? `${folder} was opened without its ${which} split.`
            : `${folder} has no ${which} photographs; put them into ${which}/CLASS/ in it, or name them in its manifest.csv.`,
        )
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
  const listed = listPictures(place);
  const refusal = tooMany(place, listed.length, preprocessing);
  if (refusal !== undefined) throw refusal;
  return (await decodedPhotographs(place, listed, { preprocessing, onDamaged: 'refuse', onProgress })).split;
}
