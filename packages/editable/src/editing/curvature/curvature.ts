/** The metric that repairs are made in: F, the second-order form of the locality term (equation 4), behind one interface. */
import type { nn, Tensor } from '@editable/torch';
import type { Locality } from '../locality.js';

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
   * the vectors; F is a constant. `factored`: the same vectors of some layers as sums over few positions, where that is
   * known; it saves work and changes nothing.
   */
  solve(vectors: readonly Tensor[], factored?: readonly FactoredGradient[]): Tensor[];
  /** What follows once the constraints hold; left out: nothing. */
  readonly settling?: Settling;
}

/** Steps along the constraints' boundary that reduce L_loc itself, which F only approximates. */
export interface Settling {
  readonly locality: Locality;
  /** At most so many. */
  readonly steps: number;
}

/** The same metric, whose repairs settle. Whoever made F disposes of it; this disposes of what it settles by. */
export const withSettling = (curvature: Curvature, settling: Settling): Curvature => ({
  parameters: curvature.parameters,
  identity: { ...curvature.identity, settling: { steps: settling.steps, groups: settling.locality.groups } },
  solve: (vectors, factored) => curvature.solve(vectors, factored),
  settling,
  [Symbol.dispose]: () => settling.locality[Symbol.dispose](),
});

/**
 * Gradients of one Linear or Conv2d, δᵀa: of rank at most the number of positions, which for one example is often far
 * below the layer's size.
 */
export interface FactoredGradient {
  readonly layer: nn.AnyModule;
  /** a: [vectors, groups, positions, inputs] */
  readonly inputs: Tensor;
  /** δ: [vectors, groups, positions, outputs] */
  readonly outputs: Tensor;
}

/** The curvature of some of a model's parameters, computed or read when first asked for; whoever made it disposes of it. */
export type CurvatureOf = (parameters: readonly string[]) => Curvature;
