/** What every optimizer of a training loop offers. Optimizers are the one place where tensors are written in place. */
import type { NamedTensors } from '../nn/model.js';
import type { Tensor } from '../tensor.js';

export interface Optimizer extends Disposable {
  /** Used by the next step; a schedule sets it. Not part of the state. */
  learningRate: number;
  /**
   * Updates the leaf tensors `parameters` in place. Every call takes the same parameters in the same order.
   *
   * @throws TorchError INVALID_ARGUMENT where the gradients do not fit the parameters.
   */
  step(parameters: readonly Tensor[], gradients: readonly Tensor[]): void;
  /** A copy of what the optimizer remembers; empty before the first step. */
  state(): NamedTensors;
  /**
   * Continues from a copy of `state`, bit for bit.
   *
   * @throws TorchError INVALID_ARGUMENT where it is not the state of such an optimizer.
   */
  load(state: NamedTensors): void;
  /** Frees what the optimizer remembers. */
  [Symbol.dispose](): void;
}
