/** What a model says of every image of a split, kept in a file: samples are drawn by it, edited models compared to it. */
import { existsSync } from 'node:fs';
import {
  type Device,
  type LoadedTensors,
  loadSafetensors,
  type nn,
  saveSafetensors,
  scope,
  type Tensor,
  TorchError,
  tensor,
} from '@editable/torch';
import type { ImageSplit, Normalization } from '../data/index.js';
import { splitHash } from '../data/split-hash.js';
import { modelHash } from '../patches/model-hash.js';
import { noClass } from './predictions.js';
import type { BasePredictions } from './repairer.js';
import { TestSet } from './test-set.js';

export interface PredictionsOptions {
  readonly normalization: Normalization;
  readonly device?: Device;
  /** Read where it is whole, of this model and these images; else written. */
  readonly file?: string;
}

/** Classes and probabilities [images, classes] that the model gives a split, read from `file` where it has them. */
export function basePredictions(
  model: nn.Model,
  split: ImageSplit,
  { normalization, device = 'cpu', file }: PredictionsOptions,
): BasePredictions {
  const key = file === undefined ? '' : keyOf(model, split, normalization);
  const kept = file === undefined ? undefined : read(file, key);
  if (kept !== undefined) return kept;
  using testSet = new TestSet(split, { normalization, device });
  const predictions = testSet.probabilities(model, testSet.images);
  if (file !== undefined) write(file, key, predictions);
  return predictions;
}

function read(file: string, key: string): BasePredictions | undefined {
  if (!existsSync(file)) return undefined;
  return scope(() => {
    const { tensors, metadata } = loadWhole(file);
    const [classes, probabilities] = [tensors.get('classes'), tensors.get('probabilities')];
    if (metadata.get('of') !== key || classes === undefined || probabilities === undefined) return undefined;
    return { classes: classesIn(classes), probabilities: probabilities.data() as Float32Array };
  });
}

/** Older files have a byte a class, 255 for none. */
function classesIn(classes: Tensor): Int32Array {
  const none = classes.dtype === 'uint8' ? 255 : noClass;
  return Int32Array.from(classes.data() as Uint8Array | Int32Array, (value) => (value === none ? noClass : value));
}

/** Nothing of a damaged file: what it held can be computed again. */
function loadWhole(file: string): LoadedTensors {
  try {
    return loadSafetensors(file);
  } catch (error) {
    if (error instanceof TorchError && error.code === 'INVALID_FILE')
      return { tensors: new Map(), metadata: new Map() };
    throw error;
  }
}

const write = (file: string, key: string, { classes, probabilities }: BasePredictions): void =>
  scope(() =>
    saveSafetensors(
      file,
      new Map([
        ['classes', tensor(classes)],
        ['probabilities', tensor(probabilities, { shape: [classes.length, probabilities.length / classes.length] })],
      ]),
      new Map([['of', key]]),
    ),
  );

const keyOf = (model: nn.Model, split: ImageSplit, normalization: Normalization): string =>
  JSON.stringify({ model: modelHash(model), images: splitHash(split), normalization });
