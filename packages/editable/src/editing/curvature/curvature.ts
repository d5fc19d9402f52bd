/** The metric that repairs are made in: F, the second-order form of the locality term (equation 4), behind one interface. */
import type { Tensor } from '@editable/torch';

/**
 * F of some of a model's parameters, damped so that it can be inverted. L_loc(θ + Δ) ≈ ½ Δᵀ F Δ: with a softmax output F is
 * the Fisher information of p(y|x, θ) over control inputs x, which need no labels (Amari, 1998).
 */
export interface Curvature extends Disposable {
  /** The parameters it is of, in the order that vectors have. */
  readonly parameters: readonly string[];
  /** Kind, damping, number of control inputs: what two equal ones share, as JSON. */
  readonly identity: Readonly<Record<string, unknown>>;
  /**
   * F⁻¹ applied to several vectors at once: a tensor [vectors, ...shape] for each parameter. Linear, and differentiable in
   * the vectors; F is a constant.
   */
  solve(vectors: readonly Tensor[]): Tensor[];
}

/** The curvature of some of a model's parameters, computed or read when first asked for; whoever made it disposes of it. */
export type CurvatureOf = (parameters: readonly string[]) => Curvature;
