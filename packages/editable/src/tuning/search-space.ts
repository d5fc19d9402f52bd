/** Where tuning looks for each editor's hyperparameters: a coarse grid of learning rates, then the others beside it. */
import type { EditorName } from '../editing/editors/index.js';

export interface SearchSpace {
  /** Coarse learning rates, from small to large. */
  readonly learningRates: readonly number[];
  /** The other hyperparameters: values tried one at a time at the best learning rate; the first is where the search starts. */
  readonly others: Readonly<Record<string, readonly number[]>>;
}

const logGrid = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Number((from * (to / from) ** (i / (count - 1))).toPrecision(3)));

export const searchSpaces: Readonly<Record<EditorName, SearchSpace>> = {
  gd: { learningRates: logGrid(1e-3, 1, 7), others: {} },
  'scaled-gd': { learningRates: logGrid(1e-2, 10, 7), others: {} },
  rprop: { learningRates: logGrid(1e-4, 3e-2, 6), others: {} },
  rmsprop: { learningRates: logGrid(1e-4, 3e-2, 6), others: { beta: [0.5, 0.2, 0.8] } },
  momentum: { learningRates: logGrid(1e-3, 1, 7), others: { momentum: [0.5, 0.2, 0.8] } },
  // It has no learning rate: one trial of what it is.
  natural: { learningRates: [], others: {} },
  adam: { learningRates: logGrid(1e-4, 3e-2, 6), others: { beta1: [0.5, 0.1, 0.9], beta2: [0.999, 0.9] } },
};
