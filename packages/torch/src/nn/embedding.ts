/** Rows of a table by their index (torch.nn.Embedding). */
import { embedding, randn } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { type Context, Module, parameter, type Slot } from './module.js';

/** int64 [...] → [..., dim]; weight [count, dim]. */
export class Embedding extends Module {
  readonly weight: Slot;
  readonly #paddingIdx: number;

  /** The row `paddingIdx` starts as zeros and gets no gradient. */
  constructor(count: number, dim: number, { paddingIdx }: { readonly paddingIdx?: number } = {}) {
    super();
    const weight = randn([count, dim]);
    if (paddingIdx !== undefined) weight.select(0, paddingIdx).zero_();
    this.weight = parameter(weight);
    this.#paddingIdx = paddingIdx ?? -1;
  }

  override forward(input: Tensor, context: Context): Tensor {
    return embedding(context.read(this.weight), input, { paddingIdx: this.#paddingIdx });
  }
}
