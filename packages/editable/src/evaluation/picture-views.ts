/** Augmented views of one picture: those that a repair is asked to hold on, and others that its generality is judged on. */
import { createHash } from 'node:crypto';
import { augmentedViews, type ImageShape, stream } from '../data/index.js';

export interface PictureViews {
  /** Part of the constraint. */
  readonly held: readonly Uint8Array[];
  /** Seen by no constraint. */
  readonly unseen: readonly Uint8Array[];
}

export interface PictureViewsOptions {
  readonly shape: ImageShape;
  readonly held: number;
  readonly unseen: number;
  readonly seed: number;
}

/** A function of the picture's own pixels and the seed: the order in which pictures are repaired does not matter. */
export function pictureViews(pixels: Uint8Array, { shape, held, unseen, seed }: PictureViewsOptions): PictureViews {
  const picture = createHash('sha256').update(pixels).digest('hex');
  const views = (use: string, count: number): Uint8Array[] =>
    augmentedViews(pixels, shape, count, stream(seed, use, picture));
  return { held: views('constraint-views', held), unseen: views('views', unseen) };
}
