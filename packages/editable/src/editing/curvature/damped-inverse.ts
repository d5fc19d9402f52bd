/** Inverses of the matrices that curvature is made of, which are positive once they are damped. */
import { eye, scope, type Tensor } from '@editable/torch';
import { EditableError } from '../../errors.js';

export const trace = (matrix: Tensor): number => scope(() => matrix.to('float64').trace().item());

/** (M + damping)⁻¹ by Cholesky in float64, in M's own precision. @throws EditableError NOT_FINITE where M is not positive definite */
export function dampedInverse(matrix: Tensor, damping: number): Tensor {
  const size = matrix.shape[0] as number;
  const damped = matrix.to('float64').add(eye(size, { dtype: 'float64', device: matrix.device }).mul(damping));
  const [factor, info] = damped.linalgCholeskyEx();
  // LAPACK does not look for NaN.
  if (info.item() !== 0 || !(damping > 0) || !Number.isFinite(factor.sum().item())) {
    throw new EditableError(
      'NOT_FINITE',
      `curvature: a factor of ${size} × ${size} numbers cannot be inverted; it is damaged, or all control inputs give it zeros.`,
    );
  }
  return factor.choleskyInverse().to(matrix.dtype);
}
