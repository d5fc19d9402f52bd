/** Curvature over the tokens of sentences, beside its definition written out one sentence and token at a time. */
import { grad, scope, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { stream } from '../../data/random.js';
import { createTransformer, type TransformerSpec } from '../../models/transformer/index.js';
import { controlPairs, type SentencePair } from '../../translation/index.js';
import { firstStageOf, selectParameters } from '../layers.js';
import { drawnSequences } from './answers.js';
import { jacobianRows } from './jacobian.js';
import { type Factors, kroneckerFactors } from './kronecker.js';

const spec: TransformerSpec = {
  kind: 'transformer_iwslt_de_en',
  sourceVocabulary: 9,
  targetVocabulary: 7,
  dim: 4,
  feedForward: 3,
  heads: 2,
  encoderLayers: 1,
  decoderLayers: 1,
};
const single = createTransformer(spec, { seed: 1 });
const model = single.with({
  parameters: new Map([...single.parameters].map(([name, value]) => [name, value.to('float64')])),
});
const pairs: SentencePair[] = [
  { source: [4, 5, 2], target: [4, 6, 2] },
  { source: [7, 8, 6, 2], target: [5, 2] },
  { source: [5, 4, 2], target: [6, 5, 2] },
];
const sameLengths = [pairs[0] as SentencePair, pairs[2] as SentencePair];

/** Logits of one pair alone [time, vocabulary], and each edited layer's input and output. */
function run({ source, target }: SentencePair, parameters: ReadonlyMap<string, Tensor>) {
  const seen: { readonly name: string; readonly input: Tensor; readonly output: Tensor }[] = [];
  const int64 = (row: readonly number[]): Tensor => tensor([[...row]], { dtype: 'int64' });
  const { output } = model.call(
    { source: int64(source), target: int64(target) },
    {
      parameters,
      observe: ({ parameters: own, input, output: given }) =>
        seen.push({ name: own.get('weight') as string, input, output: given }),
    },
  );
  return { logProbabilities: output.squeeze(0).logSoftmax(-1), seen };
}

const leaf = (name: string): [string, Tensor] => [
  name,
  (model.parameters.get(name) as Tensor).detach().requiresGrad_(),
];

const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item() / b.abs().max().item();

describe('drawnSequences', () => {
  const name = 'decoder.layers.0.encoder_attn.v_proj.weight';

  it('makes F, in expectation, the sum over places of the Fisher information of each token', () =>
    scope(() => {
      const answers = drawnSequences(stream(5, 'answers'));
      const many = Array.from({ length: 1500 }, () => sameLengths).flat();
      const received = controlPairs(model, spec, many, {
        batchSize: 1000,
        from: firstStageOf(model, [name]),
      });
      const { layers } = kroneckerFactors(model, received, {
        names: ['decoder.layers.0.final_layer_norm.weight'],
        answers,
      });
      const block = layers[0]?.matrices[0] as Tensor;
      expect(difference(block, exact('decoder.layers.0.final_layer_norm.weight'))).toBeLessThan(0.15);
    }));

  /** Mean over pairs of Σ_t Σ_y p(y) ∇ log p(y) ∇ log p(y)ᵀ. */
  function exact(of: string): Tensor {
    const all = sameLengths.flatMap((pair) => {
      const [, theta] = leaf(of);
      const { logProbabilities } = run(pair, new Map([[of, theta]]));
      return logProbabilities
        .reshape([-1])
        .unbind()
        .map((each) => {
          const g = (grad(each, [theta], { retainGraph: true })[0] as Tensor).reshape([-1, 1]);
          return g.matmul(g.t()).mul(each.detach().exp());
        });
    });
    return all.reduce((sum, each) => sum.add(each)).div(sameLengths.length);
  }

  it('gives Kronecker factors of each place’s input and of the gradient of the drawn tokens', () =>
    scope(() => {
      const received = controlPairs(model, spec, sameLengths, { from: firstStageOf(model, [name]) });
      const answers = drawnSequences(stream(6, 'answers'));
      const { layers, count } = kroneckerFactors(model, received, { names: [name], answers });
      const uniform = stream(6, 'answers');
      const [a, g] = sameLengths
        .map((pair) => {
          const { logProbabilities, seen } = run(pair, new Map([leaf(name)]));
          const rows = logProbabilities.exp().tolist() as number[][];
          const tokens = rows.map((row) => {
            const u = uniform.float();
            let sum = 0;
            return row.findIndex((p) => {
              sum += p;
              return sum > u;
            });
          });
          const { input, output } = seen.find((each) => each.name === name) as (typeof seen)[number];
          const total = tokens
            .map((token, t) => logProbabilities.select(0, t).select(0, token))
            .reduce((s, each) => s.add(each));
          const delta = (grad(total, [output])[0] as Tensor).squeeze(0);
          const inputs = input.squeeze(0);
          return [inputs.t().matmul(inputs), delta.t().matmul(delta).div(pair.source.length)] as const;
        })
        .reduce(([a1, g1], [a2, g2]) => [a1.add(a2), g1.add(g2)]);
      expect(count).toBe(2);
      const [inner, outer] = (layers[0] as Factors).matrices as [Tensor, Tensor];
      expect(difference(inner.squeeze(0), a.div(2))).toBeLessThan(1e-12);
      expect(difference(outer.squeeze(0), g.div(2))).toBeLessThan(1e-12);
    }));

  it('gives one row a draw, each a gradient of the log p of a whole answer', () =>
    scope(() => {
      const names = ['decoder.layers.0.fc2.bias'];
      const many = Array.from({ length: 500 }, () => sameLengths).flat();
      const received = controlPairs(model, spec, many, { from: firstStageOf(model, names), batchSize: 500 });
      const answers = drawnSequences(stream(8, 'answers'), { draws: 2 });
      const { rows } = jacobianRows(model, received, 1000, { names, answers });
      expect(rows[0]?.shape).toEqual([2000, 4]);
      const f = (rows[0] as Tensor).t().matmul(rows[0] as Tensor);
      expect(difference(f, exact(names[0] as string))).toBeLessThan(0.25);
    }));
});

describe('controlPairs', () => {
  const names = selectParameters(model, 'decoder.layers.0');

  it('gives what the edited stage receives, without padding, each pair once', () =>
    scope(() => {
      const shapes: unknown[] = [];
      for (const batch of controlPairs(model, spec, pairs, { from: firstStageOf(model, names) })) {
        const { hidden, memory, padding } = batch as { hidden: Tensor; memory: Tensor; padding: Tensor };
        shapes.push([hidden.shape, memory.shape]);
        expect(padding.any().item()).toBe(0);
      }
      expect(shapes).toEqual([
        [
          [2, 3, 4],
          [2, 3, 4],
        ],
        [
          [1, 2, 4],
          [1, 4, 4],
        ],
      ]);
    }));

  it('covers every parameter of a decoder layer with a rule', () =>
    scope(() => {
      const received = controlPairs(model, spec, pairs, { from: firstStageOf(model, names) });
      const answers = drawnSequences(stream(1, 'answers'));
      const { layers } = kroneckerFactors(model, received, { names, answers });
      const covered = layers.flatMap(({ block }) => [block.weight, block.bias]);
      expect(covered.sort()).toEqual([...names].sort());
      expect(names).toHaveLength(26);
    }));

  it('refuses no pairs, and a target that does not close', () => {
    expect(() => [...controlPairs(model, spec, [], { from: 3 })]).toThrow(/expected pairs of sentences, received none/);
    const open = [{ source: [4, 2], target: [4] }];
    expect(() => [...controlPairs(model, spec, open, { from: 3 })]).toThrow(
      /^target 0: .* close with 2, received 4 at the end/,
    );
  });
});
