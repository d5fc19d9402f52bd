/**
 * Attention of several heads (Vaswani et al., 2017; torch.nn.MultiheadAttention, batch first). Written as matrix products
 * and a softmax: fused kernels have no second derivative.
 */
import { TorchError } from '../errors.js';
import { linear, matmul, softmax, zeros } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { Dropout } from './dropout.js';
import { uniformBound } from './init.js';
import { Linear } from './linear.js';
import { type Context, Module, parameter, type Slot } from './module.js';

export interface AttentionInput {
  /** [batch, queries, dim] */
  readonly query: Tensor;
  /** [batch, keys, dim]; default: the query (self-attention). */
  readonly key?: Tensor | undefined;
  /** [batch, keys, dim]; default: the key. */
  readonly value?: Tensor | undefined;
  /** [queries, keys], or [batch, 1 or heads, queries, keys]: bool (true: must not look there) or added to the scores. */
  readonly mask?: Tensor | undefined;
  /** bool [batch, keys]: true where the key is only padding. */
  readonly keyPaddingMask?: Tensor | undefined;
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
    const scores = matmul(q.div(Math.sqrt(q.shape.at(-1) as number)), k.transpose(-2, -1)); // [batch, heads, queries, keys]
    const weights = softmax(masked(scores, input), -1);
    const heads = matmul(this.#dropout.forward(weights, context), v); // [batch, heads, queries, dim / heads]
    return this.out_proj.forward(heads.transpose(1, 2).flatten({ startDim: 2 }), context);
  }

  /** [batch, time, dim] → [batch, heads, time, dim / heads], each through its third of the projection. */
  #project(inputs: readonly [Tensor, Tensor, Tensor], context: Context): [Tensor, Tensor, Tensor] {
    const weights = context.read(this.in_proj_weight).chunk(3);
    const biases = context.read(this.in_proj_bias).chunk(3);
    return inputs.map((input, i) => {
      const projected = linear(input, weights[i] as Tensor, { bias: biases[i] as Tensor });
      const [batch, time, dim] = projected.shape as [number, number, number];
      return projected.view([batch, time, this.#heads, dim / this.#heads]).transpose(1, 2);
    }) as [Tensor, Tensor, Tensor];
  }
}

function masked(scores: Tensor, { mask, keyPaddingMask }: AttentionInput): Tensor {
  const hide = (all: Tensor, what: Tensor): Tensor => all.maskedFill(what, Number.NEGATIVE_INFINITY);
  const first = mask === undefined ? scores : mask.dtype === 'bool' ? hide(scores, mask) : scores.add(mask);
  return keyPaddingMask === undefined ? first : hide(first, keyPaddingMask.unsqueeze(1).unsqueeze(2));
}
