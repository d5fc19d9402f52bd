/** Data sets by name, as commands and run configurations know them. */
import { EditableError } from '../errors.js';
import { cifar10 } from './cifar10.js';
import { cifar100 } from './cifar100.js';
import { type DatasetName, datasetNames } from './dataset-names.js';
import { fashionMnist } from './fashion-mnist.js';
import type { DatasetSource, ImageDataset } from './image-dataset.js';
import type { DatasetLocation } from './locate.js';
import { type PhotographsOptions, photographs } from './photographs.js';

const loaders: Readonly<Record<DatasetName, (location: DatasetLocation) => Promise<ImageDataset>>> = {
  'fashion-mnist': fashionMnist,
  'cifar-10': cifar10,
  'cifar-100': cifar100,
};

/**
 * Finds a named data set under `dataDir`, else EDITABLE_DATA, else its usual place; or opens a folder of photographs.
 * @example await loadDataset({ folder: 'imagenette', classes: 'synset_words.txt' })
 */
export async function loadDataset(
  name: DatasetSource,
  { dataDir, ...options }: DatasetLocation & PhotographsOptions = {},
): Promise<ImageDataset> {
  if (typeof name === 'object') return photographs(name, options);
  if (!datasetNames.includes(name)) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `loadDataset: expected one of ${datasetNames.join(', ')}, received '${name}'.`,
    );
  }
  return loaders[name]({ dataDir });
}
