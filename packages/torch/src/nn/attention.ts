/**
 * Scaled dot-product attention (Vaswani et al., 2017, section 3.2.1), written as matrix products and a softmax: fused
 * kernels have no second derivative.
 */
import { matmul, softmax } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';

export interface AttentionMasks {
  /** [queries, keys], or [batch, 1 or heads, queries, keys]: bool (true: must not look there) or added to the scores. */
  readonly mask?: Tensor | undefined;
  /** bool [batch, keys]: true where the key is only padding. */
  readonly keyPaddingMask?: Tensor | undefined;
}

export interface AttentionHeads {
  /** [batch, heads, queries, dim] */
  readonly query: Tensor;
  /** [batch, heads, keys, dim] */
  readonly key: Tensor;
  /** [batch, heads, keys, dim] */
  readonly value: Tensor;
}

/** [batch, time, heads × dim] → [batch, heads, time, dim] */
export function splitHeads(value: Tensor, heads: number): Tensor {
  const [batch, time, dim] = value.shape as [number, number, number];
  return value.view([batch, time, heads, dim / heads]).transpose(1, 2);
}

/** softmax(QKᵀ / √dim) V, the heads side by side again: [batch, queries, heads × dim]. `drop`: dropout of the weights. */
export function attention(
  { query, key, value }: AttentionHeads,
  masks: AttentionMasks = {},
  drop: (weights: Tensor) => Tensor = (weights) => weights,
): Tensor {
  const scores = matmul(query.div(Math.sqrt(query.shape.at(-1) as number)), key.transpose(-2, -1)); // [batch, heads, queries, keys]
  const weights = softmax(masked(scores, masks), -1);
  return matmul(drop(weights), value).transpose(1, 2).flatten({ startDim: 2 });
}

function masked(scores: Tensor, { mask, keyPaddingMask }: AttentionMasks): Tensor {
  const hide = (all: Tensor, what: Tensor): Tensor => all.maskedFill(what, Number.NEGATIVE_INFINITY);
  const first = mask === undefined ? scores : mask.dtype === 'bool' ? hide(scores, mask) : scores.add(mask);
  return keyPaddingMask === undefined ? first : hide(first, keyPaddingMask.unsqueeze(1).unsqueeze(2));
}
