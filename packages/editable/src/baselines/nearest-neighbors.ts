/** Exact k-nearest-neighbour classification of unit vectors by a majority vote. */
import { keep, noGrad, scope, type Tensor } from '@editable/torch';
import { EditableError } from '../errors.js';

/** What a block of queries may take up: as many similarities as these are computed at once. */
const similaritiesAtOnce = 25_000_000;

/** Points that vote for their labels. Nearness is the dot product, the cosine where all vectors have length one. */
export class NearestNeighbors implements Disposable {
  readonly k: number;
  readonly #points: Tensor;

  /** `points`: [n, features]; they are kept until this is disposed. @throws EditableError INVALID_ARGUMENT, NOT_FINITE */
  constructor(points: Tensor, k: number) {
    const [count = 0] = points.shape;
    if (!Number.isInteger(k) || k < 1 || k > count) {
      throw new EditableError('INVALID_ARGUMENT', `neighbors: expected k from 1 to ${count} points, received ${k}.`);
    }
    if (!scope(() => points.isfinite().all().item())) {
      throw new EditableError('NOT_FINITE', 'neighbors: the points hold NaN or infinity; the model is not finite.');
    }
    this.k = k;
    this.#points = keep(points);
  }

  /** Indices of the k points nearest to each of `queries` [m, features], nearest first, row by row. */
  nearest(queries: Tensor): Uint32Array {
    const { k } = this;
    const block = Math.max(1, Math.floor(similaritiesAtOnce / (this.#points.shape[0] as number)));
    const count = queries.shape[0] as number;
    const found = new Uint32Array(count * k);
    for (let start = 0; start < count; start += block) {
      const rows = Math.min(block, count - start);
      const indices = scope(() =>
        noGrad(() => queries.narrow(0, start, rows).matmul(this.#points.t()).topk(k, { dim: 1 })[1].data()),
      );
      found.set(Uint32Array.from(indices as BigInt64Array, Number), start * k);
    }
    return found;
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#points.dispose();
  }
}

/** Votes for each class among `neighbors`, k a row: [rows × classes]. */
export function countVotes(
  neighbors: Uint32Array,
  labels: Int32Array,
  { k, classes }: { readonly k: number; readonly classes: number },
): Uint16Array {
  const votes = new Uint16Array((neighbors.length / k) * classes);
  for (let i = 0; i < neighbors.length; i++) votes[Math.floor(i / k) * classes + labels[neighbors[i]!]!]! += 1;
  return votes;
}

/** The class with most votes in each row; of equal ones, that of the nearest neighbour among them. */
export function majority(
  neighbors: Uint32Array,
  labels: Int32Array,
  { k, classes }: { readonly k: number; readonly classes: number },
): Int32Array {
  const votes = countVotes(neighbors, labels, { k, classes });
  return Int32Array.from({ length: neighbors.length / k }, (_, row) => {
    let [winner, most] = [0, 0];
    for (let i = row * k; i < (row + 1) * k; i++) {
      const label = labels[neighbors[i]!]!;
      const count = votes[row * classes + label]!;
      if (count > most) [winner, most] = [label, count];
    }
    return winner;
  });
}
