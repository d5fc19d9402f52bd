/**
 * A class label (section 3): l_e = max over the other classes of log p(y|x) − log p(y_ref|x), clipped at 0.
 * With a margin m the reference class must lead by m nats.
 */
import { cat, type Tensor, tensor } from '@editable/torch';
import { EditableError } from '../../errors.js';
import type { Constraint } from '../constraint.js';

export interface ClassificationOptions {
  /** Nats by which the reference class must lead while the edit goes on; success is judged without it. */
  readonly margin?: number;
  /** Success is judged on the first so many examples: on the input itself where augmented views of it follow; default: all. */
  readonly judged?: number;
}

/**
 * `input` [batch, ...] must get the labels `targets`, one an example; the model's output is logits [batch, classes].
 * The loss is the sum over the batch, zero exactly when every target wins.
 *
 * @throws EditableError INVALID_ARGUMENT for a label out of range, when the loss first sees the number of classes.
 */
export function classification(
  input: Tensor,
  targets: number | readonly number[],
  { margin = 0, judged }: ClassificationOptions = {},
): Constraint {
  const labels = typeof targets === 'number' ? [targets] : targets;
  if (labels.length !== input.shape[0]) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `classification: expected ${input.shape[0]} labels for input [${input.shape.join(', ')}], received ${labels.length}.`,
    );
  }
  const residuals = (logits: Tensor): Tensor => {
    const classes = logits.shape[1] as number;
    for (const label of labels) checkLabel(label, classes);
    const index = tensor(BigInt64Array.from(labels, BigInt), { device: logits.device }).unsqueeze(1); // [batch, 1]
    const logProbability = logits.logSoftmax(1);
    const reference = logProbability.gather(1, index).squeeze(1); // [batch]
    const others = logProbability.scatter(1, index, Number.NEGATIVE_INFINITY).amax({ dim: [1] });
    return others.sub(reference).add(margin);
  };
  return {
    input,
    residuals,
    loss: (logits) => residuals(logits).relu().sum(),
    holds: (logits) =>
      residuals(logits)
        .narrow(0, 0, judged ?? labels.length)
        .max()
        .item() <= margin,
    asks: JSON.stringify({ labels, margin }),
  };
}

/** That one input gets a label and its augmented views follow, all by a margin; success is judged on the input alone. */
export function repairOf(
  input: Tensor,
  target: number,
  { views, margin = 0 }: { readonly views?: Tensor | undefined; readonly margin?: number } = {},
): Constraint {
  const all = views === undefined ? input : cat([input, views]);
  const labels = Array.from({ length: all.shape[0] as number }, () => target);
  return classification(all, labels, { margin, judged: input.shape[0] as number });
}

/** @throws EditableError INVALID_ARGUMENT unless `label` is a class of the model. */
export function checkLabel(label: number, classes: number): void {
  if (Number.isInteger(label) && label >= 0 && label < classes) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `label ${label} is out of range: expected a whole number from 0 to ${classes - 1}.`,
  );
}
