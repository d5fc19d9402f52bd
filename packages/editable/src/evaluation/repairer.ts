/** What an evaluation asks of a way to repair a classifier: the paper's editors, and what they are compared to. */
import type { Tensor } from '@editable/torch';

/** One repaired classifier. What it holds is freed with the scope that it was made in. */
export interface Repair {
  /** The classifier gives the input its target. A failed repair is a result, not an error. */
  readonly success: boolean;
  /** Gradient steps, or what the method counts instead; 0 where nothing had to change. */
  readonly steps: number;
  /** l_e after the repair; null where the method has no loss. */
  readonly loss: number | null;
  /** False: it answers as before on every input. */
  readonly changed: boolean;
  /** Its classes of the judged images: all, or those at `positions` (ascending); `noClass` where it gives none. */
  judge(positions?: readonly number[]): Int32Array;
  /** Its classes of other images, [n, channels, height, width], normalised. */
  classify(images: Tensor): Int32Array;
}

/** A classifier that can be repaired, together with the test set that each repair is judged on. */
export interface Repairer extends Disposable {
  /** What its numbers depend on (the model's hash, settings), as JSON: two with equal identities give equal repairs. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** True labels of the judged images. */
  readonly labels: Int32Array;
  /** The unrepaired classifier on the judged images. */
  readonly base: BasePredictions;
  /** The unrepaired classifier's classes of other images. */
  classify(images: Tensor): Int32Array;
  /** Augmented views of each input that its repairs are asked to hold on, too; none where left out. */
  readonly views?: number;
  /**
   * Makes one input, [1, channels, height, width], normalised, be of class `target`, and `views` of it, [n, …], with it.
   * The repairer stays as it is.
   */
  repair(input: Tensor, target: number, views?: Tensor): Repair;
}

export interface BasePredictions {
  readonly classes: Int32Array;
  /** Class probabilities [images × classes], row by row. */
  readonly probabilities: Float32Array;
}
