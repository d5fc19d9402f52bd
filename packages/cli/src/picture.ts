/** The one picture a command is about: a file, or an image of the test split; and what a model says of it. */
import { type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import type { ImageDataset, Normalization } from 'editable';
import { normalizeImages, readImageFile, readPhotograph } from 'editable';
import { UsageError } from './errors.js';
import type { InputFlags } from './options/shared.js';

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

/** @throws UsageError unless exactly one of --image and --index is given, and the index is there */
export async function readPicture({ image, index }: InputFlags, dataset: ImageDataset): Promise<Picture> {
  if ((image === undefined) === (index === undefined)) {
    throw new UsageError('expected one of --image FILE and --index N to say which picture is meant.');
  }
  if (image !== undefined) {
    return { truth: null, index: null, file: image, ...(await pictureIn(image, dataset)) };
  }
  return testPicture(index as number, dataset);
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

export function testPicture(index: number, dataset: ImageDataset): Picture {
  const test = dataset.split('test');
  if (index >= test.length) {
    throw new UsageError(`--index: expected a whole number from 0 to ${test.length - 1}, received "${index}".`);
  }
  return { pixels: test.image(index), truth: test.labels[index] as number, index, file: null, resizedFrom: null };
}

/** The picture as a batch of one, normalised as the run was trained. */
export const inputOf = (
  { pixels }: Picture,
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

/** A class by its name (in any case), by a part of "tench, Tinca tinca" that no other class has, or by its number. @throws UsageError listing the classes */
export function labelNamed(word: string, classes: readonly string[], where: string = '--target'): number {
  const wanted = word.trim().toLowerCase();
  const byName = classes.findIndex((name) => name.toLowerCase() === wanted);
  if (byName >= 0) return byName;
  const synonyms = [...classes.keys()].filter((label) => synonymsOf(classes[label] as string).includes(wanted));
  if (synonyms.length === 1) return synonyms[0] as number;
  const number = /^\d+$/.test(word.trim()) ? Number(word) : Number.NaN;
  if (number < classes.length) return number;
  const all = classes.map((name, label) => `${label} ${name}`);
  const known = all.length <= 20 ? all.join(', ') : `${all.slice(0, 3).join(', ')} … ${all.at(-1)}`;
  throw new UsageError(`${where}: expected a class by number or name (${known}), received "${word}".`);
}

const synonymsOf = (name: string): string[] => name.split(',').map((part) => part.trim().toLowerCase());
