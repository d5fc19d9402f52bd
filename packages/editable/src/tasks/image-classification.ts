/** Pictures of one class each: outputs are logits [batch, classes], targets class indices, int64 [batch]. */
import type { Tensor } from '@editable/torch';
import type { Task } from './task.js';

/** L_base is cross-entropy, or KL(teacher ‖ model) where a batch has a teacher (Hinton et al., 2015; section 4.3). */
export const imageClassification: Task = {
  name: 'image-classification',
  baseLoss: (logits, { target, teacher }) =>
    teacher === undefined ? logits.crossEntropyLoss(target) : classDivergence(teacher.detach(), logits),
  accuracy: (logits, { target }) => logits.argmax({ dim: 1 }).eq(target).to('float32').mean(),
  divergence: classDivergence,
};

/** Mean KL(p ‖ q) over the batch, of logits [batch, classes]; log-probabilities are logits of themselves. */
export function classDivergence(before: Tensor, after: Tensor): Tensor {
  const p = before.logSoftmax(1);
  return p
    .exp()
    .mul(p.sub(after.logSoftmax(1)))
    .sum([1])
    .mean();
}
