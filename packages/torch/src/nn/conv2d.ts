/** Two-dimensional convolution (torch.nn.Conv2d). */
import { conv2d } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { kaimingUniform, uniformBound } from './init.js';
import { type Context, Module, parameter, type Slot } from './module.js';

export interface Conv2dOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** [batch, in, height, width] → [batch, out, height', width']; weight [out, in / groups, kernel, kernel]. */
export class Conv2d extends Module {
  readonly weight: Slot;
  readonly bias: Slot | undefined;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true }: Conv2dOptions = {},
  ) {
    super();
    const fanIn = (inChannels / groups) * kernelSize ** 2;
    this.weight = parameter(kaimingUniform([outChannels, inChannels / groups, kernelSize, kernelSize], fanIn));
    this.bias = bias ? parameter(uniformBound([outChannels], 1 / Math.sqrt(fanIn))) : undefined;
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.padding = padding;
    this.dilation = dilation;
    this.groups = groups;
  }

  override forward(input: Tensor, context: Context): Tensor {
    const weight = context.read(this.weight);
    const bias = this.bias === undefined ? null : context.read(this.bias);
    const output = this.#convolve(input, weight, bias);
    context.observe?.(this, input, output);
    return output;
  }

  #convolve(input: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
    const { kernelSize, stride, padding, dilation, groups } = this;
    if (kernelSize === 1 && stride > 1 && padding === 0) {
      // The same result as a strided 1×1 convolution, whose channels-last gradient in Debian's oneDNN 2.7 writes out of
      // bounds where the batch does not divide by the threads.
      const kept = input.slice({ dim: 2, step: stride }).slice({ dim: 3, step: stride });
      return conv2d(kept, weight, { stride: 1, padding, dilation, groups, bias });
    }
    return conv2d(input, weight, { stride, padding, dilation, groups, bias });
  }
}
