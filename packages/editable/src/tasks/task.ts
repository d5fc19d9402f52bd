/** What an example is: all that training and editing know of the domain they work in. Tasks stand side by side here. */
import type { Tensor, Tree } from '@editable/torch';

export interface TrainingBatch<Input extends Tree = Tensor> {
  /** [batch, ...] each. */
  readonly input: Input;
  /** What the output is compared with, [batch, ...]: class indices, the tokens of a sentence. */
  readonly target: Tensor;
  /** What the model whose answers are to be kept gives for the input; then L_base comes of these, not of the targets. */
  readonly teacher?: Tensor;
}

export interface Task<Input extends Tree = Tensor> {
  readonly name: string;
  /** L_base: a scalar of what the model gives in train mode, differentiable. */
  baseLoss(output: Tensor, batch: TrainingBatch<Input>): Tensor;
  /** Share of the answers that are right, a scalar. */
  accuracy(output: Tensor, batch: TrainingBatch<Input>): Tensor;
  /** L_loc (equation 4): mean KL(p(y|x, before) ‖ p(y|x, after)) over the inputs, a scalar, differentiable in both. */
  divergence(before: Tensor, after: Tensor, batch: TrainingBatch<Input>): Tensor;
  /** What c_edit and c_loc are multiplied by in a step on this batch; left out: 1. */
  editScale?(batch: TrainingBatch<Input>): number;
}
