/** What an edit must achieve: an input and a loss on the model's output, which holds when it is ≤ 0 (section 3). */
import { cat, type Tensor } from '@editable/torch';
import { EditableError } from '../errors.js';

export interface Constraint {
  /** [batch, ...]: what the model is run on. */
  readonly input: Tensor;
  /** l_e: a scalar of the model's output on `input`, differentiable; the constraint holds when it is ≤ 0. */
  loss(output: Tensor): Tensor;
  /**
   * What each example of the input lacks, [batch]: above 0 where it fails, below where it holds with room to spare. An
   * example's value depends on its own output alone. Where a constraint has it, its loss is the sum of those above 0.
   */
  residuals?(output: Tensor): Tensor;
  /** Whether an output counts as repaired, where that is less than loss ≤ 0: without the margin, on the input itself. */
  holds?(output: Tensor): boolean;
  /** Tells constraints on the same input apart: what it asks for, as text. */
  readonly asks?: string;
}

/** A constraint from any function of the output. @example constraint(x, (logits) => logits.select(1, 3).max()) */
export const constraint = (input: Tensor, loss: (output: Tensor) => Tensor): Constraint => ({ input, loss });

/**
 * All of several constraints at once: the sum of what each lacks, zero exactly when every one holds.
 *
 * @throws EditableError INVALID_ARGUMENT for an empty list or inputs of different shapes.
 */
export function allOf(constraints: readonly Constraint[]): Constraint {
  const shapes = new Set(constraints.map(({ input }) => input.shape.slice(1).join()));
  if (shapes.size !== 1) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `allOf: expected at least one constraint, all on inputs of one shape; received ${constraints.length} of ${shapes.size} shapes.`,
    );
  }
  const sizes = constraints.map(({ input }) => input.shape[0] as number);
  return {
    input: cat(constraints.map(({ input }) => input)),
    loss(output) {
      const parts = output.splitWithSizes(sizes);
      return constraints.map((each, i) => each.loss(parts[i] as Tensor).relu()).reduce((sum, each) => sum.add(each));
    },
  };
}
