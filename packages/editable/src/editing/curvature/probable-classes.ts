/** The classes that a model's own answer leaves likely: F's expectation over y, which needs no labels. */
import type { Tensor } from '@editable/torch';

export interface ProbableClasses {
  /** log p(y|x) of each example's most probable classes, the likeliest first, [examples, classes]; in the logits' graph. */
  readonly logProbabilities: Tensor;
  /** p(y|x), constants, over those of the classes taken, [examples, classes]. */
  readonly weights: Tensor;
}

/**
 * For each example its `count` most probable classes. All classes give the exact expectation E_y[∇ log p ∇ log pᵀ]; fewer
 * leave out what is improbable. `logits`: [examples, classes].
 */
export function mostProbable(logits: Tensor, count: number): ProbableClasses {
  const all = logits.logSoftmax(1);
  const [, order] = all.detach().topk(Math.min(count, logits.shape[1] as number), { dim: 1 });
  const logProbabilities = all.gather(1, order);
  return { logProbabilities, weights: logProbabilities.detach().softmax(1) };
}
