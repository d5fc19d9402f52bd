/** Which edit a training step makes (sections 4.1 and 4.3.1): a function of seed and step. */
import { type ImageSplit, type RandomStream, stream } from '../data/index.js';
import type { TrainingSettings } from './settings.js';

export interface EditDraw {
  /** Of the training images. */
  readonly index: number;
  /** `ranked`: the classes of the edited input as the starting model ranks them, the likeliest first. */
  readonly target: (ranked: () => ArrayLike<number>) => number;
}

export interface DrawnFrom {
  /** Which of a step's several edits; default 0. */
  readonly edit?: number;
  readonly images: ImageSplit;
  readonly classes: number;
  /** Those of the images that the starting model gets wrong. */
  readonly mistakes: () => ArrayLike<number>;
}

/**
 * A training image and its target: a class drawn uniformly, or one at a rank drawn from a list of ranks ("match ranks"); or
 * a training image that the starting model gets wrong, and its label ("train on natural mistakes").
 */
export function editDraw(
  { seed, editTargets = 'random' }: Pick<TrainingSettings, 'seed' | 'editTargets'>,
  step: number,
  { images, classes, mistakes, edit = 0 }: DrawnFrom,
): EditDraw {
  const random = edit === 0 ? stream(seed, 'edit', step) : stream(seed, 'edit', step, edit);
  if (editTargets === 'mistakes') {
    const index = picked(random, mistakes());
    return { index, target: () => images.labels[index] as number };
  }
  const index = random.int(images.length);
  if (editTargets === 'random') {
    const target = random.int(classes);
    return { index, target: () => target };
  }
  const rank = Math.min(picked(random, editTargets.ranks), classes);
  return { index, target: (ranked) => ranked()[rank - 1] as number };
}

const picked = (random: RandomStream, from: ArrayLike<number>): number => from[random.int(from.length)] as number;
