/** The classes that a model gives to images, and how two lists of classes differ. */
import { type nn, noGrad, scope, type Tensor } from '@editable/torch';

/** The class of an image on which the model gives NaN or infinity: none, so it counts as wrong. */
export const noClass = -1;

/** Classes of a batch that enters stage `from`. */
export const classesOf = (model: nn.Model, batch: Tensor, from = 0): Int32Array =>
  scope(() => noGrad(() => finiteClasses(model.call(batch, { from }).output)));

/** The classes of logits, [images, classes]. */
export function finiteClasses(logits: Tensor): Int32Array {
  const classes = Int32Array.from(logits.argmax({ dim: 1 }).data() as BigInt64Array, Number);
  const finite = logits.isfinite().all(1).data();
  return classes.map((value, i) => (finite[i] === 0 ? noClass : value));
}

/** Share of predictions that differ from the labels. */
export function errorRate(predictions: Int32Array, labels: Int32Array): number {
  let wrong = 0;
  for (let i = 0; i < labels.length; i++) if (predictions[i] !== labels[i]) wrong += 1;
  return wrong / labels.length;
}

/** How many predictions differ between two models. */
export function countFlips(before: Int32Array, after: Int32Array): number {
  let flips = 0;
  for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) flips += 1;
  return flips;
}

/** How many right answers turn wrong. */
export function countNegativeFlips(before: Int32Array, after: Int32Array, labels: Int32Array): number {
  let flips = 0;
  for (let i = 0; i < labels.length; i++) if (before[i] === labels[i] && after[i] !== labels[i]) flips += 1;
  return flips;
}
