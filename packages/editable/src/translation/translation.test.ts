/** Beam search, sampling and scoring beside the model's own forward pass, on a small untrained Transformer. */
import { memory, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { stream } from '../data/random.js';
import { createTransformer, type TransformerSpec, type TranslationModel } from '../models/transformer/index.js';
import { beamSearch } from './beam-search.js';
import { drawn } from './drawn-tokens.js';
import { sampleTranslations } from './sampling.js';
import { scoreTranslations } from './scoring.js';
import { encodeSources, type Sentence, sourceBatches } from './source-batches.js';

const spec: TransformerSpec = {
  kind: 'transformer_iwslt_de_en',
  sourceVocabulary: 40,
  targetVocabulary: 50,
  dim: 16,
  feedForward: 24,
  heads: 4,
  encoderLayers: 1,
  decoderLayers: 2,
};

/** Nats by which the end is likelier at every place. */
const endBonus = 4;

/** Sharper than fresh weights, so that translations differ in more than rounding. */
function sharp(more: Partial<TransformerSpec> = {}): TranslationModel {
  const model = createTransformer({ ...spec, ...more }, { seed: 3 });
  const scaled = [...model.parameters].map(
    ([name, value]) => [name, value.shape.length > 1 ? value.mul(1.6) : value] as const,
  );
  const sharper = model.with({ parameters: new Map(scaled) });
  const rows =
    more.tied === 'none'
      ? 'decoder.output_projection.weight'
      : (model.aliases?.get('decoder.embed_tokens.weight') ?? 'decoder.embed_tokens.weight');
  const end = (sharper.parameters.get(rows) as Tensor).select(0, 2);
  const bias = end.mul(endBonus / end.square().sum().item());
  return sharper.with({ parameters: new Map([['decoder.layers.1.final_layer_norm.bias', bias]]) });
}

const model = sharp();
const draw = stream(1, 'sentences');
const sources: Sentence[] = Array.from({ length: 9 }, (_, i) => [
  ...Array.from({ length: 2 + (i % 5) }, () => 4 + draw.int(36)),
  2,
]);

describe('beamSearch', () => {
  const options = { beam: 4, maxLength: 70 };

  it('gives translations whose scores the whole model confirms, best first', () => {
    const found = beamSearch(model, spec, sources, options);
    expect(found).toHaveLength(9);
    for (const [i, translations] of found.entries()) {
      expect(translations).toHaveLength(4);
      const scored = scoreTranslations(
        model,
        spec,
        translations.map(({ tokens }) => ({ source: sources[i] as Sentence, target: tokens })),
      );
      for (const [j, { tokens, score, tokenScores }] of translations.entries()) {
        expect(tokens.indexOf(2)).toBe(tokens.length - 1);
        expect(score).toBeCloseTo(scored[j]?.score as number, 4);
        for (const [k, value] of tokenScores.entries())
          expect(value).toBeCloseTo(scored[j]?.tokenScores[k] as number, 3);
      }
      const scores = translations.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
    expect(Math.max(...found.flat().map(({ tokens }) => tokens.length))).toBeGreaterThan(65); // beyond a pool's first size
    expect(new Set(found.flat().map(({ tokens }) => tokens.length)).size).toBeGreaterThan(3);
  });

  it('gives each sentence what it gets alone, and the same of sources that were encoded before', () => {
    const alone = sources.flatMap((source) => beamSearch(model, spec, [source], options));
    const tokensOf = (found: ReturnType<typeof beamSearch>): unknown =>
      found.map((each) => each.map(({ tokens }) => tokens));
    expect(tokensOf(beamSearch(model, spec, sources, options))).toEqual(tokensOf(alone));
    scope(() => {
      const encoded = encodeSources(model, spec, sources, { batchTokens: 20 });
      expect(encoded.batches.length).toBeGreaterThan(2);
      expect(tokensOf(beamSearch(model, spec, encoded, options))).toEqual(tokensOf(alone));
    });
  });

  it('is greedy with a beam of one, for embeddings that are apart and a joint vocabulary', () => {
    for (const more of [{ tied: 'none' }, { tied: 'all', sourceVocabulary: 50 }, {}] as const) {
      const own = { ...spec, ...more };
      const other = sharp(more);
      const [[best] = []] = beamSearch(other, own, [sources[3] as Sentence], { beam: 1, maxLength: 12 });
      expect(best?.tokens).toEqual(greedy(other, sources[3] as Sentence, 12));
    }
  });

  /** One token after another through the whole model. */
  function greedy(of: TranslationModel, source: Sentence, maxLength: number): number[] {
    const tokens: number[] = [];
    while (tokens.at(-1) !== 2) {
      const target = tensor([[...tokens, 0]], { dtype: 'int64' });
      const logits = noGrad(() => of.call({ source: tensor([[...source]], { dtype: 'int64' }), target }).output);
      const last = logits.select(1, tokens.length).squeeze(0).tolist() as number[];
      const barred = tokens.length === 0 ? [1, 2] : [1];
      for (const each of barred) last[each] = Number.NEGATIVE_INFINITY;
      tokens.push(tokens.length === maxLength ? 2 : last.indexOf(Math.max(...last)));
    }
    return tokens;
  }

  it('ends each sentence at its own length, in a batch as alone', () => {
    const limited = { ...options, maxRatio: 0.5 };
    const limitOf = (source: Sentence): number => Math.floor(0.5 * source.length) + 10;
    const found = beamSearch(model, spec, sources, limited);
    expect(found.map((each) => each.map(({ tokens }) => tokens))).toEqual(
      sources.map((source) =>
        (beamSearch(model, spec, [source], { beam: 4, maxLength: limitOf(source) })[0] ?? []).map(
          ({ tokens }) => tokens,
        ),
      ),
    );
    const reached = sources.filter((source, i) =>
      found[i]?.some(({ tokens }) => tokens.length === limitOf(source) + 1),
    );
    expect(new Set(reached.map(limitOf)).size).toBeGreaterThan(2);
  });

  it('leaves no tensor behind, and tells how far it is', () => {
    const before = memory();
    const seen: number[] = [];
    beamSearch(model, spec, sources, { ...options, batchTokens: 20, onProgress: (done) => seen.push(done) });
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    expect(seen.at(-1)).toBe(9);
    expect(seen.length).toBeGreaterThan(2);
  });

  it('refuses, in a sentence, what it cannot translate', () => {
    const refusal = (source: Sentence, more: Parameters<typeof beamSearch>[3] = {}): (() => unknown) => {
      return () => beamSearch(model, spec, [sources[0] as Sentence, source], more);
    };
    expect(refusal([])).toThrow('source 1: expected token numbers from 0 to 39 that close with 2, received no tokens.');
    expect(refusal([4, 5])).toThrow('close with 2, received 5 at the end.');
    expect(refusal([40, 2])).toThrow('received the number 40.');
    expect(refusal([4, 2], { beam: 24 })).toThrow('beamSearch: expected a beam from 1 to 23, received 24.');
    expect(refusal([4, 2], { maxLength: 0 })).toThrow('a greatest length of at least 1, received 0');
    const broken = model.with({
      parameters: new Map([
        ['decoder.layers.1.fc2.bias', (model.parameters.get('decoder.layers.1.fc2.bias') as Tensor).mul(Number.NaN)],
      ]),
    });
    expect(() => beamSearch(broken, spec, sources)).toThrow(expect.objectContaining({ code: 'NOT_FINITE' }));
  });
});

describe('sampleTranslations', () => {
  const streamOf = (i: number) => stream(7, 'targets', i);

  it('is a function of each source and its stream, whatever else is in the batch', () => {
    const together = sampleTranslations(model, spec, sources, { temperature: 1.2, maxLength: 30, streamOf });
    const [alone] = sampleTranslations(model, spec, [sources[4] as Sentence], {
      temperature: 1.2,
      maxLength: 30,
      streamOf: () => streamOf(4),
    });
    expect(together[4]?.tokens).toEqual(alone?.tokens);
    expect(new Set(together.map(({ tokens }) => tokens.join())).size).toBe(9);
    const scored = scoreTranslations(
      model,
      spec,
      together.map(({ tokens }, i) => ({ source: sources[i] as Sentence, target: tokens })),
    );
    for (const [i, { score }] of together.entries()) expect(score).toBeCloseTo(scored[i]?.score as number, 4);
  });

  it('draws the first token as often as softmax(logits / τ) says', () => {
    const many = Array.from({ length: 3000 }, () => [9, 4, 2]);
    const found = sampleTranslations(model, spec, many, { temperature: 0.7, maxLength: 1, batchTokens: 900, streamOf });
    const source = tensor([[9, 4, 2]], { dtype: 'int64' });
    const logits = noGrad(() =>
      model
        .call({ source, target: source.narrow(1, 0, 1) })
        .output.reshape([50])
        .div(0.7),
    );
    logits.narrow(0, 1, 2).fill_(Number.NEGATIVE_INFINITY);
    for (const [token, p] of (logits.softmax(0).tolist() as number[]).entries()) {
      const share = found.filter(({ tokens }) => tokens[0] === token).length / 3000;
      expect(Math.abs(share - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 3000) + 1e-3);
    }
    expect(found.every(({ tokens }) => tokens.length === 2 && tokens[1] === 2)).toBe(true);
  });

  it('leaves no tensor behind, and refuses a temperature of zero', () => {
    const before = memory();
    sampleTranslations(model, spec, sources, { streamOf });
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    expect(() => sampleTranslations(model, spec, sources, { temperature: 0, streamOf })).toThrow(
      /a temperature above 0/,
    );
  });
});

describe('drawn', () => {
  it('takes the token at which the sum of probabilities passes the number', () => {
    const logits = tensor([0, 0.2, 0.3, 0, 0.5]).log().unsqueeze(0).expand([5, 5]);
    expect(drawn(logits, [0, 0.1999, 0.2001, 0.4999, 0.9999])).toEqual([1, 1, 2, 2, 4]);
  });
});

describe('scoreTranslations', () => {
  it('scores a target as the model gives it, padded or not, and refuses one that does not close', () => {
    const pairs = [
      { source: [4, 2], target: [7, 8, 9, 2] },
      { source: [5, 6, 7, 2], target: [9, 2] },
    ];
    const together = scoreTranslations(model, spec, pairs);
    const alone = pairs.flatMap((pair) => scoreTranslations(model, spec, [pair]));
    for (const [i, { tokenScores }] of together.entries()) {
      expect(tokenScores).toHaveLength(pairs[i]?.target.length as number);
      for (const [j, value] of tokenScores.entries()) expect(value).toBeCloseTo(alone[i]?.tokenScores[j] as number, 4);
    }
    expect(() => scoreTranslations(model, spec, [{ source: [4, 2], target: [7] }])).toThrow(
      'target 0: expected token numbers from 0 to 49 that close with 2, received 7 at the end.',
    );
  });
});

describe('sourceBatches', () => {
  it('puts like lengths together, within so many tokens, and a longer sentence alone', () => {
    const lengths = [3, 9, 3, 2, 30];
    const rows = lengths.map((length) => Array<number>(length).fill(2));
    expect(sourceBatches(rows, { batchTokens: 12 })).toEqual([[4], [1], [0, 2, 3]]);
  });
});
