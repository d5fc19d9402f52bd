/** Batch normalisation over [batch, channels, height, width] (torch.nn.BatchNorm2d). */

import { noGrad } from '../autograd.js';
import { batchNorm, cat, ones, zeros } from '../functions.generated.js';
import { type Tensor, tensor } from '../tensor.js';
import { type BatchAcross, buffer, type Context, Module, parameter, type Slot } from './module.js';

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
    const { across } = context;
    if (context.training && across !== undefined) return this.#normalizeAcross(input, context, across, mean, variance);
    const normalize = (weight: Tensor | null, bias: Tensor | null, momentum: number): Tensor =>
      batchNorm(input, weight, bias, mean, variance, context.training, momentum, this.#eps, true);
    const output = normalize(context.read(this.weight), context.read(this.bias), this.#momentum);
    context.observe?.(this, normalize(null, null, 0), output);
    return output;
  }

  /** The same with the statistics of all processes' batches: their sums are added up on the way, and so are gradients. */
  #normalizeAcross(given: Tensor, context: Context, across: BatchAcross, mean: Tensor, variance: Tensor): Tensor {
    // Sums over a batch need more digits than mixed precision leaves; libtorch's own kernel adds up in float32, too.
    const input = given.to(mean.dtype);
    const [batch = 0, channels = 0, ...rest] = input.shape;
    const local = batch * rest.reduce((product, size) => product * size, 1);
    const wide = (value: Tensor): Tensor => value.reshape([1, channels, 1, 1]);
    const count = tensor([local], { dtype: input.dtype, device: input.device });
    const sums = across.sum(cat([input.sum([0, 2, 3]), count]));
    const total = noGrad(() => sums.select(0, channels).item());
    const centred = input.sub(wide(sums.narrow(0, 0, channels).div(total)));
    const biased = across.sum(centred.mul(centred).sum([0, 2, 3])).div(total);
    noGrad(() => {
      move(mean, sums.narrow(0, 0, channels).div(total), this.#momentum);
      move(variance, biased.mul(total / Math.max(total - 1, 1)), this.#momentum);
    });
    const normal = centred.mul(wide(biased.add(this.#eps).rsqrt()));
    const output = normal.mul(wide(context.read(this.weight))).add(wide(context.read(this.bias)));
    context.observe?.(this, normal, output);
    return output.to(given.dtype);
  }
}

/** Takes a running statistic a step towards that of the batch. */
const move = (running: Tensor, batch: Tensor, momentum: number): Tensor =>
  running.copy_(running.mul(1 - momentum).add(batch.mul(momentum)));
