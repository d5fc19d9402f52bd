/** What the optimizers with moments share: a step is counted, writes in place and frees what it made. */
import { noGrad } from '../autograd.js';
import type { NamedTensors } from '../nn/model.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { Moments } from './moments.js';
import type { Optimizer } from './optimizer.js';

export abstract class MomentOptimizer implements Optimizer {
  learningRate: number;
  protected readonly moments: Moments;

  /** `moments`: names of the lists, PyTorch's. */
  constructor(learningRate: number, moments: readonly string[]) {
    this.learningRate = learningRate;
    this.moments = new Moments(moments);
  }

  step(parameters: readonly Tensor[], gradients: readonly Tensor[]): void {
    noGrad(() =>
      scope(() => {
        this.moments.advance(parameters, gradients);
        this.update(parameters, gradients);
      }),
    );
  }

  state(): NamedTensors {
    return this.moments.state();
  }

  load(state: NamedTensors): void {
    this.moments.load(state);
  }

  [Symbol.dispose](): void {
    this.moments.dispose();
  }

  /** Changes moments and parameters in place; the step is counted already. */
  protected abstract update(parameters: readonly Tensor[], gradients: readonly Tensor[]): void;
}
