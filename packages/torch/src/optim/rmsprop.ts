/** RMSprop (Tieleman & Hinton, 2012; torch.optim.RMSprop): v ← α v + (1 − α) g²; θ ← θ − lr g / (√v + ε). */
import {
  _foreachAdd,
  _foreachAdd_,
  _foreachAddcdiv_,
  _foreachAddcmul,
  _foreachAddcmul_,
  _foreachMul_,
  _foreachSqrt,
} from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { MomentOptimizer } from './moment-optimizer.js';

export interface RMSpropOptions {
  readonly learningRate?: number;
  readonly alpha?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  readonly momentum?: number;
  /** Divide by the standard deviation of the gradient instead of its root mean square. */
  readonly centered?: boolean;
}

export class RMSprop extends MomentOptimizer {
  readonly #options: Required<Omit<RMSpropOptions, 'learningRate'>>;

  constructor({
    learningRate = 1e-2,
    alpha = 0.99,
    epsilon = 1e-8,
    weightDecay = 0,
    momentum = 0,
    centered = false,
  }: RMSpropOptions = {}) {
    super(learningRate, [
      'square_avg',
      ...(centered ? ['grad_avg'] : []),
      ...(momentum === 0 ? [] : ['momentum_buffer']),
    ]);
    this.#options = { alpha, epsilon, weightDecay, momentum, centered };
  }

  protected override update(parameters: readonly Tensor[], gradients: readonly Tensor[]): void {
    const { weightDecay, momentum } = this.#options;
    const decayed = weightDecay === 0 ? gradients : _foreachAdd(gradients, parameters, { alpha: weightDecay });
    const root = this.#rootOf(decayed);
    if (momentum === 0) {
      _foreachAddcdiv_(parameters, decayed, root, { value: -this.learningRate });
      return;
    }
    const velocity = this.moments.list('momentum_buffer');
    _foreachMul_(velocity, momentum);
    _foreachAddcdiv_(velocity, decayed, root);
    _foreachAdd_(parameters, velocity, { alpha: -this.learningRate });
  }

  /** √v + ε after this step's gradient. */
  #rootOf(gradients: readonly Tensor[]): Tensor[] {
    const { alpha, epsilon, centered } = this.#options;
    const square = this.moments.list('square_avg');
    _foreachMul_(square, alpha);
    _foreachAddcmul_(square, gradients, gradients, { value: 1 - alpha });
    const root = _foreachSqrt(centered ? this.#variance(square, gradients) : square);
    _foreachAdd_(root, epsilon);
    return root;
  }

  #variance(square: readonly Tensor[], gradients: readonly Tensor[]): readonly Tensor[] {
    const mean = this.moments.list('grad_avg');
    _foreachMul_(mean, this.#options.alpha);
    _foreachAdd_(mean, gradients, { alpha: 1 - this.#options.alpha });
    return _foreachAddcmul(square, mean, mean, { value: -1 });
  }
}
