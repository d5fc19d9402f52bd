/** Stochastic gradient descent with momentum (torch.optim.SGD): v ← μ v + g + λ θ; θ ← θ − lr v, or lr (g + μ v). */
import { noGrad } from '../autograd.js';
import { _foreachAdd, _foreachAdd_, _foreachMul_ } from '../functions.generated.js';
import type { NamedTensors } from '../nn/model.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { Moments } from './moments.js';
import type { Optimizer } from './optimizer.js';

export interface SGDOptions {
  readonly learningRate: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly nesterov?: boolean;
}

export class SGD implements Optimizer {
  learningRate: number;
  readonly #momentum: number;
  readonly #weightDecay: number;
  readonly #nesterov: boolean;
  readonly #moments: Moments;

  constructor({ learningRate, momentum = 0, weightDecay = 0, nesterov = false }: SGDOptions) {
    this.learningRate = learningRate;
    this.#momentum = momentum;
    this.#weightDecay = weightDecay;
    this.#nesterov = nesterov;
    this.#moments = new Moments(momentum === 0 ? [] : ['momentum_buffer']);
  }

  step(parameters: readonly Tensor[], gradients: readonly Tensor[]): void {
    noGrad(() => scope(() => this.#step(parameters, gradients)));
  }

  state(): NamedTensors {
    return this.#moments.state();
  }

  load(state: NamedTensors): void {
    this.#moments.load(state);
  }

  [Symbol.dispose](): void {
    this.#moments.dispose();
  }

  #step(parameters: readonly Tensor[], gradients: readonly Tensor[]): void {
    this.#moments.advance(parameters, gradients);
    const decayed =
      this.#weightDecay === 0 ? gradients : _foreachAdd(gradients, parameters, { alpha: this.#weightDecay });
    const update = this.#momentum === 0 ? decayed : this.#withMomentum(decayed);
    _foreachAdd_(parameters, update, { alpha: -this.learningRate });
  }

  #withMomentum(gradients: readonly Tensor[]): readonly Tensor[] {
    const velocity = this.#moments.list('momentum_buffer');
    _foreachMul_(velocity, this.#momentum);
    _foreachAdd_(velocity, gradients);
    return this.#nesterov ? _foreachAdd(gradients, velocity, { alpha: this.#momentum }) : velocity;
  }
}
