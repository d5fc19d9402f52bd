/** Attention of several heads (Vaswani et al., 2017; torch.nn.MultiheadAttention, batch first). */
import { TorchError } from '../errors.js';
import { linear, zeros } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { type AttentionMasks, attention, splitHeads } from './attention.js';
import { Dropout } from './dropout.js';
import { uniformBound } from './init.js';
import { Linear } from './linear.js';
import { type Context, Module, parameter, type Slot } from './module.js';

export interface AttentionInput extends AttentionMasks {
  /** [batch, queries, dim] */
  readonly query: Tensor;
  /** [batch, keys, dim]; default: the query (self-attention). */
  readonly key?: Tensor | undefined;
  /** [batch, keys, dim]; default: the key. */
  readonly value?: Tensor | undefined;
}

export class MultiheadAttention extends Module<AttentionInput> {
  readonly in_proj_weight: Slot;
  readonly in_proj_bias: Slot;
  readonly out_proj: Linear;
  readonly #heads: number;
  readonly #dropout: Dropout;

  /** @throws TorchError INVALID_ARGUMENT where `dim` is not a multiple of `heads`. */
  constructor(dim: number, heads: number, { dropout = 0 }: { readonly dropout?: number } = {}) {
    super();
    if (dim % heads !== 0) {
      throw new TorchError(
        'INVALID_ARGUMENT',
        `MultiheadAttention: expected a width that ${heads} heads divide evenly, received ${dim}.`,
      );
    }
    this.in_proj_weight = parameter(uniformBound([3 * dim, dim], Math.sqrt(6 / (4 * dim)))); // Xavier
    this.in_proj_bias = parameter(zeros([3 * dim]));
    this.out_proj = new Linear(dim, dim);
    this.out_proj.bias?.initial.zero_();
    this.#heads = heads;
    this.#dropout = new Dropout(dropout);
  }

  override forward(input: AttentionInput, context: Context): Tensor {
    const { query, key = query, value = key } = input;
    const [q, k, v] = this.#project([query, key, value], context);
    const attended = attention({ query: q, key: k, value: v }, input, (weights) =>
      this.#dropout.forward(weights, context),
    );
    return this.out_proj.forward(attended, context);
  }

  /** [batch, time, dim] → [batch, heads, time, dim / heads], each through its third of the projection. */
  #project(inputs: readonly [Tensor, Tensor, Tensor], context: Context): [Tensor, Tensor, Tensor] {
    const weights = context.read(this.in_proj_weight).chunk(3);
    const biases = context.read(this.in_proj_bias).chunk(3);
    return inputs.map((input, i) => {
      const projected = linear(input, weights[i] as Tensor, { bias: biases[i] as Tensor });
      return splitHeads(projected, this.#heads);
    }) as [Tensor, Tensor, Tensor];
  }
}
