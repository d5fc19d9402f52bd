/** A decoder's weights as its incremental form multiplies them: projections that read one input side by side. */
import { cat, type Tensor, zeros } from '@editable/torch';
import {
  fairseqTokens,
  type SpecialTokens,
  type TransformerSpec,
  type TranslationModel,
  transformerSizes,
} from '../models/transformer/index.js';
import { sinusoidalPositions } from '../models/transformer/positions.js';

/** [out, in] and [out] */
export interface Affine {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

export interface DecoderLayerWeights {
  /** Query, divided by the root of a head's width, key and value: [3 dim, dim]. */
  readonly own: Affine;
  readonly ownOut: Affine;
  readonly ownNorm: Affine;
  /** Of the attention to the source, as above. */
  readonly query: Affine;
  /** Key and value: [2 dim, dim]. */
  readonly memory: Affine;
  readonly memoryOut: Affine;
  readonly memoryNorm: Affine;
  readonly fc1: Affine;
  readonly fc2: Affine;
  readonly norm: Affine;
}

export interface DecoderWeights {
  readonly layers: readonly DecoderLayerWeights[];
  /** Rows for the tokens, times √dim. */
  readonly table: Tensor;
  /** [places, dim] */
  readonly positions: Tensor;
  /** To logits; its rows are filled up to whole groups with tokens that cannot come. */
  readonly output: Affine;
  readonly vocabulary: number;
  readonly heads: number;
  readonly dim: number;
  readonly special: SpecialTokens;
}

/** Logits in a group: candidates are looked for in the groups of the highest maxima alone. */
export const groupSize = 32;

/** For translations of at most `length` tokens. */
export function decoderWeights(model: TranslationModel, spec: TransformerSpec, length: number): DecoderWeights {
  const { dim, heads, decoderLayers, tied } = transformerSizes(spec);
  const { special = fairseqTokens, targetVocabulary: vocabulary } = spec;
  const tensorOf = (name: string): Tensor => model.parameters.get(model.aliases?.get(name) ?? name) as Tensor;
  const table = tensorOf('decoder.embed_tokens.weight');
  const { dtype, device } = table;
  const output = tied === 'none' ? tensorOf('decoder.output_projection.weight') : table;
  return {
    layers: Array.from({ length: decoderLayers }, (_, i) =>
      layerWeights((name) => tensorOf(`decoder.layers.${i}.${name}`), { dim, heads }),
    ),
    table: table.mul(Math.sqrt(dim)),
    positions: sinusoidalPositions(length + special.padding + 2, dim, special.padding).to({ dtype, device }),
    output: inGroups(output),
    vocabulary,
    heads,
    dim,
    special,
  };
}

function layerWeights(
  tensorOf: (name: string) => Tensor,
  { dim, heads }: { readonly dim: number; readonly heads: number },
): DecoderLayerWeights {
  const affine = (name: string): Affine => ({ weight: tensorOf(`${name}.weight`), bias: tensorOf(`${name}.bias`) });
  const scaled = ({ weight, bias }: Affine): Affine => {
    const by = 1 / Math.sqrt(dim / heads);
    return { weight: weight.mul(by), bias: bias.mul(by) };
  };
  return {
    own: stacked([scaled(affine('self_attn.q_proj')), affine('self_attn.k_proj'), affine('self_attn.v_proj')]),
    ownOut: affine('self_attn.out_proj'),
    ownNorm: affine('self_attn_layer_norm'),
    query: scaled(affine('encoder_attn.q_proj')),
    memory: stacked([affine('encoder_attn.k_proj'), affine('encoder_attn.v_proj')]),
    memoryOut: affine('encoder_attn.out_proj'),
    memoryNorm: affine('encoder_attn_layer_norm'),
    fc1: affine('fc1'),
    fc2: affine('fc2'),
    norm: affine('final_layer_norm'),
  };
}

const stacked = (parts: readonly Affine[]): Affine => ({
  weight: cat(parts.map(({ weight }) => weight)),
  bias: cat(parts.map(({ bias }) => bias)),
});

function inGroups(weight: Tensor): Affine {
  const [vocabulary, dim] = weight.shape as [number, number];
  const { dtype, device } = weight;
  const more = (groupSize - (vocabulary % groupSize)) % groupSize;
  const bias = zeros([vocabulary + more], { dtype, device });
  if (more === 0) return { weight, bias };
  bias.narrow(0, vocabulary, more).fill_(Number.NEGATIVE_INFINITY);
  return { weight: cat([weight, zeros([more, dim], { dtype, device })]), bias };
}
