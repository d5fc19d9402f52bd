/** What an edit must achieve: an input and a loss on the model's output, which holds when it is ≤ 0 (section 3). */
import { batchSizeOf, catTrees, leavesOf, type Tensor, type Tree } from '@editable/torch';
import { EditableError } from '../errors.js';

export interface Constraint<Input extends Tree = Tensor> {
  /** [batch, ...] each: what the model is run on. */
  readonly input: Input;
  /** l_e: a scalar of the model's output on `input`, differentiable; the constraint holds when it is ≤ 0. */
  loss(output: Tensor): Tensor;
  /**
   * What each example of the input lacks, [batch]: above 0 where it fails, below where it holds with room to spare. An
   * example's value depends on its own output alone. Where a constraint has it, its loss is the sum of those above 0.
   */
  residuals?(output: Tensor): Tensor;
  /** Where it asks that the input's first example scores more than each other one: the loss is of the best of these. */
  readonly ranking?: Ranking;
  /** Whether an output counts as repaired, where that is less than loss ≤ 0: without the margin, on the input itself. */
  holds?(output: Tensor): boolean;
  /** Tells constraints on the same input apart: what it asks for, as text. */
  readonly asks?: string;
}

/** The first example shall score more than every other, by `margin`. */
export interface Ranking {
  readonly margin: number;
  /** Of some of the input's examples, [examples], from the output on them; an example's value depends on its own alone. */
  scores(output: Tensor, examples: readonly number[]): Tensor;
}

/** A constraint from any function of the output. @example constraint(x, (logits) => logits.select(1, 3).max()) */
export const constraint = <Input extends Tree>(input: Input, loss: (output: Tensor) => Tensor): Constraint<Input> => ({
  input,
  loss,
});

/**
 * All of several constraints at once: the sum of what each lacks, zero exactly when every one holds.
 *
 * @throws EditableError INVALID_ARGUMENT for an empty list or inputs of different shapes.
 */
export function allOf<Input extends Tree>(constraints: readonly Constraint<Input>[]): Constraint<Input> {
  const shapes = new Set(constraints.map(({ input }) => exampleShape(input)));
  if (shapes.size !== 1) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `allOf: expected at least one constraint, all on inputs of one shape; received ${constraints.length} of ${shapes.size} shapes.`,
    );
  }
  const sizes = constraints.map(({ input }) => batchSizeOf(input));
  return {
    input: catTrees(constraints.map(({ input }) => input)),
    loss(output) {
      const parts = output.splitWithSizes(sizes);
      return constraints.map((each, i) => each.loss(parts[i] as Tensor).relu()).reduce((sum, each) => sum.add(each));
    },
  };
}

/** The shapes of one example's tensors, as text: examples of equal shapes go through a model together. */
export const exampleShape = (input: Tree): string =>
  leavesOf(input)
    .map((leaf) => leaf.shape.slice(1).join())
    .join(';');
