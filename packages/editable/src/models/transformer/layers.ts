/** Encoder and decoder layers as fairseq has them: a normalisation after each residual, and fairseq's names. */
import { nn, rand, type Tensor } from '@editable/torch';
import { starting } from '../initial-weights.js';
import type { TransformerSizes } from './options.js';

/** Glorot & Bengio's uniform weights (2010), and zeros for the bias. `gain`: fairseq's for three projections in one. */
const xavier = (inFeatures: number, outFeatures: number, gain = 1): nn.Linear => {
  const bound = gain * Math.sqrt(6 / (inFeatures + outFeatures));
  return starting(
    new nn.Linear(inFeatures, outFeatures),
    rand([outFeatures, inFeatures])
      .mul(2 * bound)
      .sub(bound),
  );
};

interface ProjectedInput extends nn.AttentionMasks {
  readonly query: Tensor;
  /** Keys and values are made of it; default: the query. */
  readonly memory?: Tensor;
}

/** Attention whose projections are layers of their own, as in fairseq since 0.9: each has a curvature. */
export class ProjectedAttention extends nn.Module<ProjectedInput> {
  readonly q_proj: nn.Linear;
  readonly k_proj: nn.Linear;
  readonly v_proj: nn.Linear;
  readonly out_proj: nn.Linear;
  readonly #heads: number;
  readonly #dropout: nn.Dropout;

  constructor({ dim, heads, attentionDropout }: TransformerSizes) {
    super();
    const projection = (): nn.Linear => xavier(dim, dim, Math.SQRT1_2); // as of one weight [3 dim, dim]
    this.q_proj = projection();
    this.k_proj = projection();
    this.v_proj = projection();
    this.out_proj = xavier(dim, dim);
    this.#heads = heads;
    this.#dropout = new nn.Dropout(attentionDropout);
  }

  override forward({ query, memory = query, ...masks }: ProjectedInput, context: nn.Context): Tensor {
    const heads = (layer: nn.Linear, input: Tensor): Tensor =>
      nn.splitHeads(layer.forward(input, context), this.#heads);
    const projected = {
      query: heads(this.q_proj, query),
      key: heads(this.k_proj, memory),
      value: heads(this.v_proj, memory),
    };
    const attended = nn.attention(projected, masks, (weights) => this.#dropout.forward(weights, context));
    return this.out_proj.forward(attended, context);
  }
}

abstract class Layer<Input> extends nn.Module<Input> {
  readonly self_attn: ProjectedAttention;
  readonly self_attn_layer_norm: nn.LayerNorm;
  readonly fc1: nn.Linear;
  readonly fc2: nn.Linear;
  readonly final_layer_norm: nn.LayerNorm;
  readonly #dropout: nn.Dropout;
  readonly #activationDropout: nn.Dropout;

  constructor(sizes: TransformerSizes) {
    super();
    const { dim, feedForward, dropout, activationDropout } = sizes;
    this.self_attn = new ProjectedAttention(sizes);
    this.self_attn_layer_norm = new nn.LayerNorm(dim);
    this.fc1 = xavier(dim, feedForward);
    this.fc2 = xavier(feedForward, dim);
    this.final_layer_norm = new nn.LayerNorm(dim);
    this.#dropout = new nn.Dropout(dropout);
    this.#activationDropout = new nn.Dropout(activationDropout);
  }

  protected residual(input: Tensor, part: Tensor, norm: nn.LayerNorm, context: nn.Context): Tensor {
    return norm.forward(input.add(this.#dropout.forward(part, context)), context);
  }

  protected feedForward(input: Tensor, context: nn.Context): Tensor {
    const hidden = this.#activationDropout.forward(this.fc1.forward(input, context).relu(), context);
    return this.residual(input, this.fc2.forward(hidden, context), this.final_layer_norm, context);
  }
}

export interface EncoderLayerInput {
  /** [batch, source time, dim] */
  readonly hidden: Tensor;
  /** bool [batch, source time]: true where the source is only padding. */
  readonly padding: Tensor;
}

export class EncoderLayer extends Layer<EncoderLayerInput> {
  override forward({ hidden, padding }: EncoderLayerInput, context: nn.Context): Tensor {
    const part = this.self_attn.forward({ query: hidden, keyPaddingMask: padding }, context);
    return this.feedForward(this.residual(hidden, part, this.self_attn_layer_norm, context), context);
  }
}

export interface DecoderLayerInput {
  /** [batch, target time, dim] */
  readonly hidden: Tensor;
  /** What the encoder gave, [batch, source time, dim]. */
  readonly memory: Tensor;
  /** bool [batch, source time] */
  readonly padding: Tensor;
  /** bool [target time, target time]: true for what is yet to come. */
  readonly future: Tensor;
}

export class DecoderLayer extends Layer<DecoderLayerInput> {
  readonly encoder_attn: ProjectedAttention;
  readonly encoder_attn_layer_norm: nn.LayerNorm;

  constructor(sizes: TransformerSizes) {
    super(sizes);
    this.encoder_attn = new ProjectedAttention(sizes);
    this.encoder_attn_layer_norm = new nn.LayerNorm(sizes.dim);
  }

  override forward({ hidden, memory, padding, future }: DecoderLayerInput, context: nn.Context): Tensor {
    const own = this.self_attn.forward({ query: hidden, mask: future }, context);
    const attended = this.residual(hidden, own, this.self_attn_layer_norm, context);
    const other = this.encoder_attn.forward({ query: attended, memory, keyPaddingMask: padding }, context);
    return this.feedForward(this.residual(attended, other, this.encoder_attn_layer_norm, context), context);
  }
}
