/** The one picture a job is about: a file, or an image of the test split; and what a model says of it. */
import { type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { type ImageDataset, type Normalization, normalizeImages, readImageFile, readPhotograph } from 'editable';
import { invalid } from '../errors.js';

export interface Picture {
  /** [C, H, W] bytes */
  readonly pixels: Uint8Array;
  /** Its true class, where it is known. */
  readonly truth: number | null;
  readonly index: number | null;
  readonly file: string | null;
  /** Scaled to the data set's shape from this height and width. */
  readonly resizedFrom: readonly [number, number] | null;
}

/** A class with its probability, as documents show it. */
export interface Prediction {
  readonly label: number;
  readonly name: string;
  readonly probability: number;
}

/** A picture's file, or the number of a test image. */
export type PictureName = { readonly image: string } | { readonly index: number };

/** @throws WorkspaceError unless the index is there */
export async function readPicture(name: PictureName, dataset: ImageDataset): Promise<Picture> {
  if ('index' in name) return testPicture(name.index, dataset);
  return { truth: null, index: null, file: name.image, ...(await pictureIn(name.image, dataset)) };
}

/** As the data set's photographs were read, or else as a picture of its shape. */
export async function pictureIn(
  file: string,
  { preprocessing, shape }: ImageDataset,
): Promise<Pick<Picture, 'pixels' | 'resizedFrom'>> {
  if (preprocessing === undefined) {
    const { pixels, resized, originalSize } = await readImageFile(file, shape);
    return { pixels, resizedFrom: resized ? originalSize : null };
  }
  const { pixels, originalSize } = await readPhotograph(file, preprocessing);
  const isSame = originalSize.every((side) => side === preprocessing.crop && side === preprocessing.resize);
  return { pixels, resizedFrom: isSame ? null : originalSize };
}

/** An image of the test split. @throws WorkspaceError INVALID_ARGUMENT where there is none of that index */
export function testPicture(index: number, dataset: ImageDataset): Picture {
  const test = dataset.split('test');
  if (index >= test.length)
    throw invalid('index', `expected a whole number from 0 to ${test.length - 1}, received "${index}".`);
  return { pixels: test.image(index), truth: test.labels[index] as number, index, file: null, resizedFrom: null };
}

/** The picture as a batch of one, normalised as the run was trained. */
export const inputOf = (
  { pixels }: Pick<Picture, 'pixels'>,
  dataset: ImageDataset,
  normalization: Normalization,
  device: Device,
): Tensor => tensor(normalizeImages([pixels], dataset.shape, normalization), { shape: [1, ...dataset.shape], device });

/** Every class's probability for a batch of one. */
export const probabilitiesOf = (model: nn.Model, input: Tensor): number[] =>
  scope(() => noGrad(() => Array.from(model.call(input).output.softmax(1).to('cpu').data(), Number)));

/** The classes by falling probability. */
export const ranked = (probabilities: readonly number[], classes: readonly string[]): Prediction[] =>
  probabilities
    .map((probability, label) => ({ label, name: classes[label] ?? String(label), probability }))
    .sort((a, b) => b.probability - a.probability);
