import { fromHost, type HostTensor, manualSeed, noGrad, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { firstStageOf, selectParameters } from '../../editing/layers.js';
import { fairseqWeights, sizesOfWeights } from './fairseq-weights.js';
import { sinusoidalPositions } from './positions.js';
import { fairseqTokens, previousTokens } from './tokens.js';
import { createTransformer, type TransformerSpec, transformerSizes, transformers } from './transformers.js';

const spec: TransformerSpec = {
  kind: 'transformer_iwslt_de_en',
  sourceVocabulary: 11,
  targetVocabulary: 12,
  dim: 8,
  feedForward: 6,
  heads: 2,
  encoderLayers: 1,
  decoderLayers: 2,
};
const int64 = (rows: number[][]): Tensor => tensor(rows, { dtype: 'int64' });
const input = { source: int64([[4, 5, 2]]), target: int64([[6, 7, 2]]) };

describe('createTransformer', () => {
  it('has the sizes of fairseq’s transformer_iwslt_de_en unless told otherwise', () => {
    const { encoderLayers, decoderLayers, ...sizes } = transformerSizes({
      kind: 'transformer_iwslt_de_en',
      sourceVocabulary: 100,
      targetVocabulary: 100,
    });
    expect([encoderLayers, decoderLayers]).toEqual([6, 6]);
    expect(sizes).toEqual({
      dim: 512,
      feedForward: 1024,
      heads: 4,
      dropout: 0.3,
      attentionDropout: 0,
      activationDropout: 0,
      tied: 'decoder',
    });
  });

  it('has a stage a layer, and edits its last decoder layer after all that comes before', () => {
    const model = createTransformer(spec);
    expect(model.stages.map(({ name }) => name)).toEqual([
      'encoder.embed_tokens',
      'encoder.layers.0',
      'decoder.embed_tokens',
      'decoder.layers.0',
      'decoder.layers.1',
      'output',
    ]);
    const layers = transformers.transformer_iwslt_de_en.usualLayers(transformerSizes(spec));
    const names = selectParameters(model, layers);
    expect(names).toHaveLength(26);
    const from = firstStageOf(model, names);
    expect(from).toBe(4);
    const state = model.call(input, { to: from }).output;
    expect(model.call(state, { from }).output.allclose(model.call(input).output)).toBe(true);
  });

  it('has as many tables of tokens as are apart', () => {
    const names = (tied: TransformerSpec['tied']): string[] => {
      const model = createTransformer({ ...spec, tied: tied ?? 'decoder', sourceVocabulary: 12 });
      return [...model.parameters.keys()].filter((name) => !name.includes('layers'));
    };
    expect(names('decoder')).toEqual(['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight']);
    expect(names('all')).toEqual(['encoder.embed_tokens.weight']);
    expect(names('none')).toEqual([
      'encoder.embed_tokens.weight',
      'decoder.embed_tokens.weight',
      'decoder.output_projection.weight',
    ]);
  });

  it('begins with embeddings of deviation 1 / √dim, zeros for padding, and drops units in training alone', () => {
    const model = createTransformer({ ...spec, dim: 64, targetVocabulary: 4000 });
    const table = model.parameters.get('decoder.embed_tokens.weight') as Tensor;
    expect(table.std().item()).toBeCloseTo(1 / 8, 2);
    expect(table.select(0, 1).abs().max().item()).toBe(0);
    manualSeed(4);
    const logits = (training: boolean): Tensor => noGrad(() => model.call(input, { training }).output);
    expect(logits(false).equal(logits(false))).toBe(true);
    expect(logits(true).equal(logits(true))).toBe(false);
  });

  it.each([
    [{ dim: 9 }, 'transformer: expected a dim that 2 heads divide evenly, received 9.'],
    [{ tied: 'all' }, 'one joint vocabulary where all embeddings are tied, received 11 and 12.'],
    [{ decoderLayers: 0 }, 'expected decoderLayers to be a whole number from 1 to 100, received 0.'],
    [{ dropout: 1 }, 'expected dropout from 0 to below 1, received 1.'],
    [
      { kind: 'transformer_wmt' },
      'createTransformer: there is no model "transformer_wmt"; known: transformer_iwslt_de_en.',
    ],
  ])('refuses %j', (more, message) => {
    expect(() => createTransformer({ ...spec, ...more } as TransformerSpec)).toThrow(message);
  });
});

describe('previousTokens', () => {
  it('begin with the end and shift the rest, as fairseq feeds its decoder', () => {
    expect(
      previousTokens(
        int64([
          [5, 6, 2],
          [7, 2, 1],
        ]),
        fairseqTokens,
      ).tolist(),
    ).toEqual([
      [2, 5, 6],
      [2, 7, 1],
    ]);
  });
});

describe('sinusoidalPositions', () => {
  it('are sines, then cosines, with a zero row for padding', () => {
    const rows = sinusoidalPositions(4, 4, 1).tolist() as number[][];
    expect(rows[1]).toEqual([0, 0, 0, 0]);
    const wanted = [Math.sin(3), Math.sin(3e-4), Math.cos(3), Math.cos(3e-4)];
    for (const [i, value] of wanted.entries()) expect(rows[3]?.[i]).toBeCloseTo(value, 6);
  });
});

describe('fairseqWeights', () => {
  const ofShape = (...shape: number[]): HostTensor =>
    tensor(
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
      { shape },
    ).toHost();

  it('names what the oldest checkpoints have, and takes a joint projection apart', () => {
    const found = fairseqWeights(
      new Map([
        ['encoder.version', ofShape(1)],
        ['encoder.embed_positions._float_tensor', ofShape(1)],
        ['decoder.embed_out', ofShape(3, 2)],
        ['encoder.layers.0.layer_norms.1.weight', ofShape(2)],
        ['decoder.layers.4.layer_norms.1.bias', ofShape(2)],
        ['decoder.layers.4.encoder_attn.in_proj_bias', ofShape(6)],
      ]),
    );
    expect([...found.keys()]).toEqual([
      'decoder.output_projection.weight',
      'encoder.layers.0.final_layer_norm.weight',
      'decoder.layers.4.encoder_attn_layer_norm.bias',
      'decoder.layers.4.encoder_attn.q_proj.bias',
      'decoder.layers.4.encoder_attn.k_proj.bias',
      'decoder.layers.4.encoder_attn.v_proj.bias',
    ]);
    const key = found.get('decoder.layers.4.encoder_attn.k_proj.bias') as HostTensor;
    expect(fromHost(key).tolist()).toEqual([2, 3]);
  });

  it('leaves a joint projection that no three share evenly to the check of the model', () => {
    const found = fairseqWeights(new Map([['decoder.layers.0.self_attn.in_proj_weight', ofShape(4, 2)]]));
    expect([...found.keys()]).toEqual(['decoder.layers.0.self_attn.in_proj_weight']);
  });

  it('says what is missing where sizes are asked of another checkpoint', () => {
    expect(() => sizesOfWeights(new Map([['conv1.weight', ofShape(1)]]), 'resnet.pth')).toThrow(
      'resnet.pth is no checkpoint of a Transformer for translation: expected encoder.embed_tokens.weight with 2 dimensions, which is missing.',
    );
  });
});
