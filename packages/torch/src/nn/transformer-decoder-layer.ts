/**
 * Self-attention, attention to the encoder's output, then a feed-forward part, each with a residual
 * (torch.nn.TransformerDecoderLayer, batch first).
 */
import type { Tensor } from '../tensor.js';
import { LayerNorm } from './layer-norm.js';
import { Linear } from './linear.js';
import type { Context } from './module.js';
import { MultiheadAttention } from './multihead-attention.js';
import { TransformerLayer, type TransformerLayerOptions } from './transformer-layer.js';

export interface DecoderInput {
  /** [batch, target time, dim] */
  readonly target: Tensor;
  /** The encoder's output, [batch, source time, dim]. */
  readonly memory: Tensor;
  /** Masks as in MultiheadAttention. */
  readonly targetMask?: Tensor | undefined;
  readonly memoryMask?: Tensor | undefined;
  readonly targetKeyPaddingMask?: Tensor | undefined;
  readonly memoryKeyPaddingMask?: Tensor | undefined;
}

/** Self-attention, attention to the encoder and a feed-forward part, each with a residual and LayerNorm after it (Vaswani et al., 2017). */
export class TransformerDecoderLayer extends TransformerLayer<DecoderInput> {
  readonly self_attn: MultiheadAttention;
  readonly multihead_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;

  constructor(dim: number, heads: number, options: TransformerLayerOptions = {}) {
    super(options);
    const { feedForward = 2048, dropout = 0.1 } = options;
    this.self_attn = new MultiheadAttention(dim, heads, { dropout });
    this.multihead_attn = new MultiheadAttention(dim, heads, { dropout });
    this.linear1 = new Linear(dim, feedForward);
    this.linear2 = new Linear(feedForward, dim);
    this.norm1 = new LayerNorm(dim);
    this.norm2 = new LayerNorm(dim);
    this.norm3 = new LayerNorm(dim);
  }

  override forward(input: DecoderInput, context: Context): Tensor {
    const own = { mask: input.targetMask, keyPaddingMask: input.targetKeyPaddingMask };
    const other = { key: input.memory, mask: input.memoryMask, keyPaddingMask: input.memoryKeyPaddingMask };
    const attend = (query: Tensor): Tensor => this.self_attn.forward({ query, ...own }, context);
    const look = (query: Tensor): Tensor => this.multihead_attn.forward({ query, ...other }, context);
    const attended = this.residual(input.target, this.norm1, attend, context);
    const looked = this.residual(attended, this.norm2, look, context);
    return this.residual(looked, this.norm3, (value) => this.feedForward(value, context), context);
  }
}
