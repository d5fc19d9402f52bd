/** A regression target within a tolerance: l_e = Σ max(0, |f(x) − y| − tolerance), zero exactly when all are within. */
import type { Tensor } from '@editable/torch';
import { EditableError } from '../../errors.js';
import type { Constraint } from '../constraint.js';

/**
 * The output on `input` must come within `tolerance` of `target` (the output's shape), element by element.
 *
 * @throws EditableError INVALID_ARGUMENT for a negative tolerance.
 */
export function regression(input: Tensor, target: Tensor, { tolerance }: { readonly tolerance: number }): Constraint {
  if (!(tolerance >= 0)) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `regression: expected a tolerance of at least 0, received ${tolerance}.`,
    );
  }
  return { input, loss: (output) => output.sub(target).abs().sub(tolerance).relu().sum() };
}
