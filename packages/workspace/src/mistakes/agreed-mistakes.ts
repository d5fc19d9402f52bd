/** Mistakes that a person would agree are mistakes, and suspected label errors set apart, by the nearest training images. */
import type { Device, nn } from '@editable/torch';
import { type ImageDataset, type Normalization, neighborVotes, TestSet, trainingSplits } from 'editable';

export interface JudgedMistake {
  /** In the test split. */
  readonly index: number;
  readonly label: number;
  /** What the model says. */
  readonly predicted: number;
  /** How sure it is. */
  readonly probability: number;
  /** Of the ten nearest training images, how many have the image's label, and how many what the model says. */
  readonly votes: { readonly label: number; readonly predicted: number };
}

export interface JudgedMistakes {
  /** At least seven of the ten nearest training images have the label: the surest first. */
  readonly agreed: readonly JudgedMistake[];
  /** At most one has the label, and at least seven what the model says: the label may well be wrong. */
  readonly suspect: readonly JudgedMistake[];
  /** All of them. */
  readonly count: number;
}

const neighbors = 10;
const most = 7;
const hardlyAny = 1;

/** The test images that a model gets wrong, by a second opinion that is not the model's: see `neighborVotes`. */
export function agreedMistakes(
  model: nn.Model,
  dataset: ImageDataset,
  { normalization, device }: { readonly normalization: Normalization; readonly device: Device },
): JudgedMistakes {
  const test = dataset.split('test');
  using images = new TestSet(test, { normalization, device });
  const { classes: predicted, probabilities } = images.probabilities(model, images.images);
  const wrong = [...test.labels.keys()].filter((index) => predicted[index] !== test.labels[index]);
  const classes = dataset.classes.length;
  const votes = neighborVotes(test, wrong, { train: trainingSplits(dataset).train, classes, k: neighbors });
  const mistakes = wrong.map((index, row): JudgedMistake => {
    const [label, said] = [test.labels[index] as number, predicted[index] as number];
    const votesFor = (of: number): number => votes[row * classes + of] as number;
    return {
      index,
      label,
      predicted: said,
      probability: probabilities[index * classes + said] as number,
      votes: { label: votesFor(label), predicted: votesFor(said) },
    };
  });
  const sorted = mistakes.sort((a, b) => b.probability - a.probability || a.index - b.index);
  return {
    agreed: sorted.filter((each) => each.votes.label >= most),
    suspect: sorted.filter((each) => each.votes.label <= hardlyAny && each.votes.predicted >= most),
    count: wrong.length,
  };
}
