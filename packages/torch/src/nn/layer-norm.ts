/** Normalisation over the last dimensions (torch.nn.LayerNorm). */
import { layerNorm, ones, zeros } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { type Context, Module, parameter, type Slot } from './module.js';

/** [..., ...shape] → the same; weight and bias of `shape`, which a single number stands for too. */
export class LayerNorm extends Module {
  readonly weight: Slot;
  readonly bias: Slot;
  readonly #shape: readonly number[];
  readonly #eps: number;

  constructor(shape: number | readonly number[], { eps = 1e-5 }: { readonly eps?: number } = {}) {
    super();
    this.#shape = typeof shape === 'number' ? [shape] : shape;
    this.#eps = eps;
    this.weight = parameter(ones(this.#shape));
    this.bias = parameter(zeros(this.#shape));
  }

  override forward(input: Tensor, context: Context): Tensor {
    const [weight, bias] = [context.read(this.weight), context.read(this.bias)];
    const output = layerNorm(input, this.#shape, { weight, bias, eps: this.#eps });
    context.observe?.(this, layerNorm(input, this.#shape, { eps: this.#eps }), output);
    return output;
  }
}
