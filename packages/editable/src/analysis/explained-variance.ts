/** How many directions edits really have: explained variance against components of a truncated SVD (Figure 2, right). */
import type { Matrix } from './matrix.js';
import { type TruncatedSvdOptions, truncatedSvd } from './truncated-svd.js';

export interface ExplainedVariance {
  /** Share of the variance that each component explains, as `TruncatedSvd.explainedVarianceRatio` defines it. */
  readonly ratio: readonly number[];
  /** Share that the first 1, 2, 3 … components explain together. */
  readonly cumulative: readonly number[];
}

/** @throws EditableError as `truncatedSvd` does. */
export function explainedVariance(matrix: Matrix, options: TruncatedSvdOptions = {}): ExplainedVariance {
  const ratio = [...truncatedSvd(matrix, options).explainedVarianceRatio];
  let sum = 0;
  // Rounding must not explain more than there is.
  const cumulative = ratio.map((each) => {
    sum += each;
    return Math.min(sum, 1);
  });
  return { ratio, cumulative };
}

/** The fewest components that explain at least `share` of the variance; undefined where those there are explain less. */
export function componentsToExplain({ cumulative }: ExplainedVariance, share: number): number | undefined {
  const index = cumulative.findIndex((value) => value >= share);
  return index < 0 ? undefined : index + 1;
}
