/** Which edits an evaluation makes: a function of the seed alone, so that two models meet the same ones. */
import { type ImageSplit, stream } from '../data/index.js';

export type EditTargets = 'random' | 'mistakes';

export interface EditTask {
  /** Index of the image in its split. */
  readonly index: number;
  /** The label that the edited model must give it. */
  readonly target: number;
}

/** Images drawn without repetition, each with a label drawn uniformly from all classes (section 4.1). */
export function randomTasks(
  split: ImageSplit,
  { edits, classes, seed }: { readonly edits: number; readonly classes: number; readonly seed: number },
): EditTask[] {
  const indices = stream(seed, 'edit-images').sample(split.length, Math.min(edits, split.length));
  const labels = stream(seed, 'edit-targets');
  return Array.from(indices, (index) => ({ index, target: labels.int(classes) }));
}

/** The model's real mistakes in random order, each with its true label. */
export function mistakeTasks(
  predictions: Int32Array,
  labels: Int32Array,
  { edits, seed }: { readonly edits: number; readonly seed: number },
): EditTask[] {
  const wrong = [...labels.keys()].filter((i) => predictions[i] !== labels[i]);
  const order = stream(seed, 'mistakes').permutation(wrong.length);
  return Array.from(order.slice(0, edits), (position) => ({
    index: wrong[position]!,
    target: labels[wrong[position]!]!,
  }));
}
