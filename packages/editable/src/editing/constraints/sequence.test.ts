/** Edits of a small Transformer's last decoder layer, trained for some seconds to turn sentences round. */
import { cat, grad, memory, optim, scope, type Tensor } from '@editable/torch';
import { beforeAll, describe, expect, it } from 'vitest';
import { stream } from '../../data/random.js';
import { createTransformer, type TransformerSpec, type TranslationModel } from '../../models/transformer/index.js';
import {
  beamSearch,
  controlPairs,
  labelSmoothing,
  paddedRows,
  type Sentence,
  type SentencePair,
  sampleTranslations,
  scoreTranslations,
} from '../../translation/index.js';
import { drawnSequences } from '../curvature/answers.js';
import type { Curvature } from '../curvature/curvature.js';
import { KroneckerCurvature, kroneckerFactors } from '../curvature/kronecker.js';
import { edit } from '../edit.js';
import { natural, rmsprop } from '../editors/index.js';
import { firstStageOf, selectParameters } from '../layers.js';
import { ConstraintRows, type RowGradients } from '../together/constraint-rows.js';
import { editTogether, receivedBy } from '../together/edit-together.js';
import { sequence, sequenceAgainstBeam } from './sequence.js';

const vocabulary = 24;
const spec: TransformerSpec = {
  kind: 'transformer_iwslt_de_en',
  sourceVocabulary: vocabulary,
  targetVocabulary: vocabulary,
  dim: 32,
  feedForward: 64,
  heads: 2,
  encoderLayers: 1,
  decoderLayers: 2,
  dropout: 0,
  tied: 'all',
};
const layers = 'decoder.layers.1';

function pairsOf(seed: string, count: number): SentencePair[] {
  const random = stream(0, seed);
  return Array.from({ length: count }, () => {
    const words = Array.from({ length: 2 + random.int(4) }, () => 4 + random.int(vocabulary - 4));
    return { source: [...words, 2], target: [...words.reverse(), 2] };
  });
}

/** 130 steps on batches of 32: about half of the sentences then come out right. */
function trained(): TranslationModel {
  const model = createTransformer(spec);
  const names = [...model.parameters.keys()];
  const theta = [...model.parameters.values()].map((each) => each.detach().clone().requiresGrad_());
  const adam = new optim.AdamW({ learningRate: 3e-3, beta2: 0.98, weightDecay: 1e-4 });
  const rate = optim.inverseSquareRoot(5e-3, { warmUp: 30 });
  const parameters = new Map(names.map((name, i) => [name, theta[i] as Tensor]));
  for (let step = 0; step < 130; step++) {
    scope(() => {
      const batch = pairsOf(`train ${step}`, 32);
      const input = {
        source: paddedRows(
          batch.map(({ source }) => source),
          1,
        ),
        target: paddedRows(
          batch.map(({ target }) => target),
          1,
        ),
      };
      const { sum, tokens } = labelSmoothing(model.call(input, { parameters, training: true }).output, input.target, {
        padding: 1,
      });
      adam.learningRate = rate(step);
      adam.step(theta, grad(sum.div(tokens), theta));
    });
  }
  return model.with({ parameters: new Map(names.map((name, i) => [name, (theta[i] as Tensor).detach()])) });
}

describe('sequence', () => {
  let model: TranslationModel;
  beforeAll(() => {
    model = trained();
  }, 60_000);

  const test = pairsOf('test', 60);
  const sources = test.map(({ source }) => source);
  const best = (of: TranslationModel): string[] =>
    beamSearch(of, spec, sources, { beam: 5, maxLength: 20 }).map(([first]) => first?.tokens.join(' ') ?? '');
  const target = (at: number): SentencePair => {
    const source = sources[at] as Sentence;
    const streamOf = () => stream(1, 'targets', at);
    const [drawn] = sampleTranslations(model, spec, [source], { temperature: 1.2, maxLength: 20, streamOf });
    return { source, target: drawn?.tokens as Sentence };
  };
  const naturalEditor = () => {
    const names = selectParameters(model, layers);
    const received = controlPairs(model, spec, pairsOf('control', 200), { from: firstStageOf(model, names) });
    const factors = kroneckerFactors(model, received, { names, answers: drawnSequences(stream(2, 'answers')) });
    return natural({ curvature: new KroneckerCurvature(factors, { damping: 1e-3 }) });
  };

  it('lacks what the best alternative is likelier by, a token, and nothing where the target is likeliest', () =>
    scope(() => {
      const pair = test[0] as SentencePair;
      const others = [
        [4, 5, 2],
        [6, 2],
      ];
      const all = [pair.target, ...others].map((each) => ({ source: pair.source, target: each }));
      const [right, first, second] = scoreTranslations(model, spec, all).map(({ score }) => score) as [
        number,
        number,
        number,
      ];
      const lossOf = (each: Sentence, alternatives: readonly Sentence[], margin = 0): number => {
        const made = sequence({ source: pair.source, target: each }, alternatives, { margin });
        return made.loss(model.call(made.input).output).item();
      };
      expect(lossOf([4, 5, 2], [pair.target, [6, 2], [4, 5, 2]])).toBeCloseTo(Math.max(right, second) - first, 4);
      expect(lossOf(pair.target, others)).toBe(0);
      expect(lossOf(pair.target, others, 50)).toBeCloseTo(50 + Math.max(first, second) - right, 4);
      expect(() => sequence(pair, [pair.target])).toThrow(
        'sequence: expected alternatives to the target, received 1, none of them different from it.',
      );
    }));

  it('has a row for each alternative: what it is likelier by than the target, and the gradient of that', () =>
    scope(() => {
      const names = selectParameters(model, layers);
      const pairs = [0, 1].map((at) => test[at] as SentencePair);
      const others = [
        [4, 5, 2],
        [6, 2],
        [7, 8, 9, 10, 2],
      ];
      const demands = pairs.map((pair) => sequence(pair, others, { margin: 0.25 }));
      const from = firstStageOf(model, names);
      const rows = new ConstraintRows(
        model,
        demands.map((each) => receivedBy(model, each, from)),
        names,
      );
      expect(rows.all.map((row) => rows.constraintOf(row))).toEqual([0, 0, 0, 1, 1, 1]);
      const leaves = names.map((name) => (model.parameters.get(name) as Tensor).detach().requiresGrad_());
      const parameters = new Map(names.map((name, i) => [name, leaves[i] as Tensor]));
      const lacks = demands.map(({ input, ranking }) => {
        const scores = ranking?.scores(model.call(input, { parameters }).output, [0, 1, 2, 3]) as Tensor;
        return scores.narrow(0, 1, 3).sub(scores.select(0, 0)).add(0.25);
      });
      const expected = cat(lacks);
      const found = rows.residuals(leaves);
      for (const [row, lack] of (expected.tolist() as number[]).entries()) expect(found[row]).toBeCloseTo(lack, 4);
      const curvature = naturalEditor().curvature as Curvature;
      const near = (found: Tensor, each: Tensor, what?: string): void =>
        expect(found.sub(each).abs().max().item(), what).toBeLessThan(1e-5 + 1e-4 * each.abs().max().item());
      const groups = rows.gradients([2, 3, 5], leaves);
      for (const [group, wanted] of [[2], [3, 5]].entries()) {
        const { gradients, factored } = groups[group] as RowGradients;
        for (const [at, row] of wanted.entries()) {
          const own = grad(expected.select(0, row), leaves, { retainGraph: true });
          for (const [i, each] of own.entries()) near((gradients[i] as Tensor).select(0, at), each, names[i]);
        }
        // As sums over positions they are the same.
        expect(factored.length).toBeGreaterThan(5);
        const whole = curvature.solve(gradients);
        for (const [i, each] of curvature.solve(gradients, factored).entries())
          near(each, whole[i] as Tensor, names[i]);
      }
    }));

  it('is met by edits of the last decoder layer, of which the natural one changes fewer other translations', () =>
    scope(() => {
      const before = best(model);
      const right = test.filter(({ target: wanted }, i) => before[i] === wanted.join(' ')).length;
      expect(right).toBeGreaterThan(20);
      const changed = { rmsprop: 0, natural: 0 };
      const editors = { rmsprop: rmsprop({ learningRate: 1e-3 }), natural: naturalEditor() };
      for (const at of [0, 1, 2]) {
        const pair = target(at);
        const constraint = sequenceAgainstBeam(model, spec, pair, { beam: 8 });
        for (const name of ['rmsprop', 'natural'] as const) {
          const {
            model: edited,
            success,
            steps,
          } = edit(model, constraint, { editor: editors[name], layers, maxSteps: 30 });
          expect(success, `${name} ${at}`).toBe(true);
          const [wins, ...rest] = scoreTranslations(edited, spec, [
            pair,
            ...beamSearch(model, spec, [pair.source], { beam: 8 })[0]!.map(({ tokens }) => ({
              source: pair.source,
              target: tokens,
            })),
          ]);
          expect(Math.max(...rest.map(({ score }) => score)) - (wins?.score as number)).toBeLessThan(1e-4);
          const after = best(edited);
          changed[name] += after.filter((each, i) => i !== at && each !== before[i]).length;
          if (steps > 0) expect(after).not.toEqual(before);
        }
      }
      expect(changed.natural).toBeLessThan(changed.rmsprop);
    }));

  it('holds together with others, in any order, and leaves nothing but the edited tensors behind', () =>
    scope(() => {
      const editor = naturalEditor();
      const constraints = [3, 4, 5].map((at) => sequenceAgainstBeam(model, spec, target(at), { beam: 8 }));
      const before = memory().tensors;
      const result = editTogether(model, constraints, { editor });
      expect(result.held).toEqual([true, true, true]);
      expect(memory().tensors - before).toBe(result.changed.length);
      const again = editTogether(model, [...constraints].reverse(), { editor });
      for (const name of result.changed)
        expect((again.model.parameters.get(name) as Tensor).equal(result.model.parameters.get(name) as Tensor)).toBe(
          true,
        );
    }));
});
