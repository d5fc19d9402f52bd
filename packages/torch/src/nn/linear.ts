/** Fully connected layer (torch.nn.Linear). */
import { linear } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { kaimingUniform, uniformBound } from './init.js';
import { type Context, Module, parameter, type Slot } from './module.js';

/** [..., in] → [..., out]; weight [out, in]. */
export class Linear extends Module {
  readonly weight: Slot;
  readonly bias: Slot | undefined;

  constructor(inFeatures: number, outFeatures: number, { bias = true }: { readonly bias?: boolean } = {}) {
    super();
    this.weight = parameter(kaimingUniform([outFeatures, inFeatures], inFeatures));
    this.bias = bias ? parameter(uniformBound([outFeatures], 1 / Math.sqrt(inFeatures))) : undefined;
  }

  override forward(input: Tensor, context: Context): Tensor {
    const bias = this.bias === undefined ? null : context.read(this.bias);
    const output = linear(input, context.read(this.weight), { bias });
    context.observe?.(this, input, output);
    return output;
  }
}
