/**
 * Truncated singular value decomposition X ≈ UΣVᵀ of the matrix as it is, not centred, by the eigenvectors of the smaller
 * of XXᵀ and XᵀX in double precision: 4,500 edits × 10,000 images need a 4,500 × 4,500 matrix.
 */
import { noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { EditableError } from '../errors.js';
import type { Matrix } from './matrix.js';

export interface TruncatedSvd {
  /** σ, descending. */
  readonly singularValues: Float64Array;
  /** The rows in the new coordinates: UΣ, [rows × components]. */
  readonly scores: Matrix;
  /**
   * Variance of each column of UΣ over the sum of the variances of X's columns, all divided by the number of rows:
   * what scikit-learn's TruncatedSVD calls explained_variance_ratio_. As X is not centred, the first need not be largest.
   */
  readonly explainedVarianceRatio: Float64Array;
}

export interface TruncatedSvdOptions {
  /** Default: as many as there can be, the smaller of rows and columns. */
  readonly components?: number;
}

/** @throws EditableError INVALID_ARGUMENT for a wrong number of components, or where all rows are equal; NOT_FINITE. */
export function truncatedSvd(matrix: Matrix, options: TruncatedSvdOptions = {}): TruncatedSvd {
  const { rows, columns } = matrix;
  const most = Math.min(rows, columns);
  const { components = most } = options;
  if (!Number.isInteger(components) || components < 1 || components > most) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `truncatedSvd: expected components to be a whole number from 1 to ${most}, received ${components}.`,
    );
  }
  checkFinite(matrix);
  return scope(() => noGrad(() => decompose(matrix, components)));
}

function decompose({ rows, columns, values }: Matrix, components: number): TruncatedSvd {
  const x = tensor(values, { shape: [rows, columns] }).to('float64');
  const byRows = rows <= columns;
  const gram = byRows ? x.matmul(x.t()) : x.t().matmul(x);
  const [ascending, vectors] = gram.linalgEigh();
  const eigenvalues = ascending.flip([0]).clamp({ min: 0 }); // σ²; rounding makes those of a null space negative
  const singularValues = eigenvalues.narrow(0, 0, components).sqrt();
  const basis = vectors.flip([1]).narrow(1, 0, components);
  const scores = byRows ? basis.mul(singularValues) : x.matmul(basis); // [rows, components]
  const total = eigenvalues.sum().item() / rows - sumOfSquares(x.mean(0));
  // All rows equal leave nothing but rounding.
  if (!(total > (eigenvalues.sum().item() / rows) * 1e-14)) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      'truncatedSvd: all rows are equal, so there is no variance to explain.',
    );
  }
  const variances = scores.square().mean(0).sub(scores.mean(0).square()).clamp({ min: 0 });
  return {
    singularValues: singularValues.data() as Float64Array,
    scores: { rows, columns: components, values: scores.data() as Float64Array },
    explainedVarianceRatio: variances.div(total).data() as Float64Array,
  };
}

const sumOfSquares = (vector: Tensor): number => vector.square().sum().item();

function checkFinite({ columns, values }: Matrix): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new EditableError(
      'NOT_FINITE',
      `truncatedSvd: row ${Math.floor(i / columns)} holds NaN or infinity; leave such rows out first.`,
    );
  }
}
