/** Stochastic gradient descent with momentum (torch.optim.SGD): v ← μ v + g + λ θ; θ ← θ − lr v, or lr (g + μ v). */
import { _foreachAdd, _foreachAdd_, _foreachMul_ } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { MomentOptimizer } from './moment-optimizer.js';

export interface SGDOptions {
  readonly learningRate: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly nesterov?: boolean;
}

export class SGD extends MomentOptimizer {
  readonly #momentum: number;
  readonly #weightDecay: number;
  readonly #nesterov: boolean;

  constructor({ learningRate, momentum = 0, weightDecay = 0, nesterov = false }: SGDOptions) {
    super(learningRate, momentum === 0 ? [] : ['momentum_buffer']);
    this.#momentum = momentum;
    this.#weightDecay = weightDecay;
    this.#nesterov = nesterov;
  }

  protected override update(parameters: readonly Tensor[], gradients: readonly Tensor[]): void {
    const decayed =
      this.#weightDecay === 0 ? gradients : _foreachAdd(gradients, parameters, { alpha: this.#weightDecay });
    const update = this.#momentum === 0 ? decayed : this.#withMomentum(decayed);
    _foreachAdd_(parameters, update, { alpha: -this.learningRate });
  }

  #withMomentum(gradients: readonly Tensor[]): readonly Tensor[] {
    const velocity = this.moments.list('momentum_buffer');
    _foreachMul_(velocity, this.#momentum);
    _foreachAdd_(velocity, gradients);
    return this.#nesterov ? _foreachAdd(gradients, velocity, { alpha: this.#momentum }) : velocity;
  }
}
