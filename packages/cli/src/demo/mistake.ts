/** Which mistake the demo repairs: the most confident wrong answer whose true class comes second. */
import type { Device, nn, Tensor } from '@editable/torch';
import { noGrad, scope, tensor } from '@editable/torch';
import { assembleBatch, type ImageDataset, type Normalization, sequentialBatches } from 'editable';

export interface Mistake {
  /** In the test split. */
  readonly index: number;
  readonly truth: number;
}

/**
 * The true class must come second: an image whose label the model finds absurd is often labelled wrongly.
 * Undefined for a model without such mistakes.
 */
export function confidentMistake(
  model: nn.Model,
  dataset: ImageDataset,
  { normalization, device }: { readonly normalization: Normalization; readonly device: Device },
): Mistake | undefined {
  const test = dataset.split('test');
  let worst: (Mistake & { probability: number }) | undefined;
  for (const indices of sequentialBatches(test.length, 250)) {
    const { images } = assembleBatch(test, indices, { normalization });
    const rows = scope(() => {
      const input = tensor(images, { shape: [indices.length, ...dataset.shape], device });
      return probabilityRows(
        noGrad(() => model.call(input).output.softmax(1)),
        indices.length,
      );
    });
    for (const [row, probabilities] of rows.entries()) {
      const index = indices[row] as number;
      const truth = test.labels[index] as number;
      const [first, second] = order(probabilities);
      const probability = probabilities[first as number] as number;
      if (first === truth || second !== truth || probability <= (worst?.probability ?? 0)) continue;
      worst = { index, truth, probability };
    }
  }
  return worst && { index: worst.index, truth: worst.truth };
}

function probabilityRows(probabilities: Tensor, rows: number): number[][] {
  const values = Array.from(probabilities.to('cpu').data(), Number);
  const classes = values.length / rows;
  return Array.from({ length: rows }, (_, row) => values.slice(row * classes, (row + 1) * classes));
}

const order = (probabilities: readonly number[]): number[] =>
  [...probabilities.keys()].sort((a, b) => (probabilities[b] as number) - (probabilities[a] as number));
