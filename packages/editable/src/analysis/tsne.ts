/**
 * t-SNE of descriptors into a plane (Figure 2, middle), by DruidJS: exact gradients, every pair of points in each step.
 * As is usual, points are first reduced to 50 dimensions, here by a truncated SVD. 4,500 points take some 15 minutes.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { stream } from '../data/random.js';
import { EditableError } from '../errors.js';
import type { Matrix } from './matrix.js';
import { truncatedSvd } from './truncated-svd.js';

export interface TsneOptions {
  /** Neighbours that a point effectively has. */
  readonly perplexity?: number;
  readonly iterations?: number;
  /** Dimensions to reduce to first; at most as many as rows and columns allow. */
  readonly components?: number;
  /** Step of the gradient descent; default: rows / 16, at least 10 (Belkina et al., 2019, for an exaggeration of 4). */
  readonly learningRate?: number;
  /** The same seed gives the same map on one machine. */
  readonly seed?: number;
  /** After each iteration. */
  readonly onIteration?: (done: number, total: number) => void;
}

/**
 * Places each row of the matrix in a plane, [rows × 2], rows alike beside each other; distances have no unit.
 *
 * @throws EditableError INVALID_ARGUMENT unless there are more than three times as many rows as `perplexity`;
 * as `truncatedSvd` does.
 */
export async function tsne(matrix: Matrix, options: TsneOptions = {}): Promise<Matrix> {
  const { perplexity = 30, iterations = 1000, components = 50, seed = 0, onIteration } = options;
  const { rows, columns } = matrix;
  const { learningRate = Math.max(rows / 16, 10) } = options;
  if (!(perplexity >= 1 && rows > 3 * perplexity)) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `tsne: expected a perplexity of at least 1 and more than three times as many rows, received ${perplexity} and ${rows} rows.`,
    );
  }
  const points = reduced(matrix, Math.min(components, rows, columns));
  // Loaded when first needed: few programs draw maps.
  const { TSNE } = await import('@saehrimnir/druidjs');
  // DruidJS takes the time of day for a seed of 0.
  const druidSeed = stream(seed, 'tsne').int(2 ** 32 - 1) + 1;
  const embedding = new TSNE(points, { perplexity, epsilon: learningRate, d: 2, seed: druidSeed });
  let map: readonly Float64Array[] = [];
  let done = 0;
  for (map of embedding.generator(iterations)) {
    done += 1;
    onIteration?.(done, iterations);
    await turn();
  }
  return { rows, columns: 2, values: Float64Array.from(map.flatMap((point) => [...point])) };
}

/** Scores of unit total variance, so that the search for each point's width starts from about the right place. */
function reduced(matrix: Matrix, components: number): number[][] {
  const { scores } = truncatedSvd(matrix, { components });
  const { rows, columns, values } = scores;
  const means = Array.from({ length: columns }, (_, k) => columnSum(scores, k, (value) => value) / rows);
  const variance = means.reduce((sum, mean, k) => sum + columnSum(scores, k, (value) => (value - mean) ** 2) / rows, 0);
  const scale = 1 / Math.sqrt(variance);
  return Array.from({ length: rows }, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns), (value) => value * scale),
  );
}

function columnSum({ rows, columns, values }: Matrix, column: number, of: (value: number) => number): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += of(values[row * columns + column]!);
  return sum;
}
