/** Batch normalisation over [batch, channels, height, width] (torch.nn.BatchNorm2d). */

import { noGrad } from '../autograd.js';
import { batchNorm, ones, zeros } from '../functions.generated.js';
import { type Tensor, tensor } from '../tensor.js';
import { buffer, type Context, Module, parameter, type Slot } from './module.js';

export class BatchNorm2d extends Module {
  readonly weight: Slot;
  readonly bias: Slot;
  readonly running_mean: Slot;
  readonly running_var: Slot;
  readonly num_batches_tracked: Slot;
  readonly #momentum: number;
  readonly #eps: number;

  constructor(
    features: number,
    { eps = 1e-5, momentum = 0.1 }: { readonly eps?: number; readonly momentum?: number } = {},
  ) {
    super();
    this.weight = parameter(ones([features]));
    this.bias = parameter(zeros([features]));
    this.running_mean = buffer(zeros([features]));
    this.running_var = buffer(ones([features]));
    this.num_batches_tracked = buffer(tensor(0, { dtype: 'int64' }));
    this.#momentum = momentum;
    this.#eps = eps;
  }

  override forward(input: Tensor, context: Context): Tensor {
    let mean = context.read(this.running_mean);
    let variance = context.read(this.running_var);
    if (context.training) {
      // libtorch updates these two in place: copies, because a model's tensors are never written to.
      mean = noGrad(() => mean.clone());
      variance = noGrad(() => variance.clone());
      context.write(this.running_mean, mean);
      context.write(this.running_var, variance);
      context.write(this.num_batches_tracked, context.read(this.num_batches_tracked).add(1));
    }
    const normalize = (weight: Tensor | null, bias: Tensor | null, momentum: number): Tensor =>
      batchNorm(input, weight, bias, mean, variance, context.training, momentum, this.#eps, true);
    const output = normalize(context.read(this.weight), context.read(this.bias), this.#momentum);
    context.observe?.(this, normalize(null, null, 0), output);
    return output;
  }
}
