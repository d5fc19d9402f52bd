/** Self-attention, then a feed-forward part, each with a residual (torch.nn.TransformerEncoderLayer, batch first). */
import type { Tensor } from '../tensor.js';
import { LayerNorm } from './layer-norm.js';
import { Linear } from './linear.js';
import type { Context } from './module.js';
import { MultiheadAttention } from './multihead-attention.js';
import { TransformerLayer, type TransformerLayerOptions } from './transformer-layer.js';

export interface EncoderInput {
  /** [batch, time, dim] */
  readonly source: Tensor;
  /** As MultiheadAttention's `mask`. */
  readonly mask?: Tensor | undefined;
  /** bool [batch, time]: true where the source is only padding. */
  readonly keyPaddingMask?: Tensor | undefined;
}

/** Self-attention and a feed-forward part, each with a residual and LayerNorm after it (Vaswani et al., 2017). */
export class TransformerEncoderLayer extends TransformerLayer<EncoderInput> {
  readonly self_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;

  constructor(dim: number, heads: number, options: TransformerLayerOptions = {}) {
    super(options);
    const { feedForward = 2048, dropout = 0.1 } = options;
    this.self_attn = new MultiheadAttention(dim, heads, { dropout });
    this.linear1 = new Linear(dim, feedForward);
    this.linear2 = new Linear(feedForward, dim);
    this.norm1 = new LayerNorm(dim);
    this.norm2 = new LayerNorm(dim);
  }

  override forward({ source, mask, keyPaddingMask }: EncoderInput, context: Context): Tensor {
    const attend = (query: Tensor): Tensor => this.self_attn.forward({ query, mask, keyPaddingMask }, context);
    const attended = this.residual(source, this.norm1, attend, context);
    return this.residual(attended, this.norm2, (input) => this.feedForward(input, context), context);
  }
}
