/** A network's mistakes on labelled pictures, as a person starts from them: the surest first, suspect labels apart. */
import { cat, type Device, type nn, noGrad, scope, type Tensor } from '@editable/torch';
import { type ImageSplit, type Normalization, subset } from '../data/index.js';
import { noClass } from '../evaluation/predictions.js';
import { TestSet, type TestSetOptions } from '../evaluation/test-set.js';
import { suspectLabels } from './label-errors.js';
import { nearDuplicates } from './near-duplicates.js';

export interface FoundMistake {
  /** In the split. */
  readonly index: number;
  readonly label: number;
  /** `noClass` where the model's output is not finite. */
  readonly predicted: number;
  /** Of the predicted class; 0 where there is none. */
  readonly probability: number;
  /** The label may well be wrong: see `suspectLabels`. A person should look before it is repaired. */
  readonly suspect: boolean;
  /** Mistakes of one group are near-duplicates: see `nearDuplicates`. */
  readonly group: number;
}

export interface FoundMistakes {
  /** The surest first. */
  readonly mistakes: readonly FoundMistake[];
  readonly images: number;
}

export interface FindMistakesOptions {
  readonly classes: number;
  readonly normalization: Normalization;
  readonly device?: Device;
}

/** Every picture of a split that the model gets wrong. It should be one that the model was not trained on. */
export function findMistakes(
  model: nn.Model,
  split: ImageSplit,
  { classes, normalization, device = 'cpu' }: FindMistakesOptions,
): FoundMistakes {
  using images = new TestSet(split, { normalization, device });
  const { classes: predicted, probabilities } = images.probabilities(model, images.images);
  const { labels } = images;
  const probabilityOf = (index: number): number =>
    predicted[index] === noClass ? 0 : (probabilities[index * classes + (predicted[index] as number)] as number);
  const wrong = [...labels.keys()]
    .filter((index) => predicted[index] !== labels[index])
    .sort((a, b) => probabilityOf(b) - probabilityOf(a) || a - b);
  const suspects = suspectLabels(probabilities, labels, { classes });
  const groups = groupsOf(model, subset(split, wrong), { normalization, device });
  const mistakes = wrong.map((index, at) => ({
    index,
    label: labels[index] as number,
    predicted: predicted[index] as number,
    probability: probabilityOf(index),
    suspect: suspects[index] as boolean,
    group: groups[at] as number,
  }));
  return { mistakes, images: labels.length };
}

/** The stage whose input tells pictures apart: after the first chain; of a network without stages the picture itself. */
const lookAt = 2;
/** Maps are averaged down to so many places a side. */
const mostPlaces = 16;

function groupsOf(model: nn.Model, split: ImageSplit, options: TestSetOptions): readonly number[] {
  if (split.length === 0) return [];
  using pictures = new TestSet(split, options);
  const to = Math.min(lookAt, model.stages.length - 1);
  return scope(() =>
    noGrad(() =>
      nearDuplicates(cat(pictures.images.over((batch) => scope(() => featuresOf(model.call(batch, { to }).output))))),
    ),
  );
}

/** [n, channels, height, width] → [n, numbers] */
function featuresOf(received: Tensor): Tensor {
  const isLarge = received.shape.length === 4 && Math.max(...received.shape.slice(2)) > mostPlaces;
  const pooled = isLarge ? received.adaptiveAvgPool2d([mostPlaces, mostPlaces]) : received;
  return pooled.reshape([received.shape[0] as number, -1]).clone();
}
