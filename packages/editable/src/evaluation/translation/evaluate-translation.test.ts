/** Edits of a small model of a made-up language, trained for some seconds: what they cost, exactly and by samples. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { corpusBleu } from '@editable/text';
import { memory, scope } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { madeUpPairs, smallTranslator } from '../../../test/small-translator.js';
import type { TextPair } from '../../data/parallel-corpus.js';
import { stream } from '../../data/random.js';
import type { EditorChoice } from '../../editing/editor-choice.js';
import { firstStageOf, selectParameters } from '../../editing/layers.js';
import { ControlLocality } from '../../editing/locality.js';
import type { TranslationModel } from '../../models/transformer/index.js';
import { beamSearch } from '../../translation/beam-search.js';
import { controlPairs } from '../../translation/control-pairs.js';
import { scoreTranslations } from '../../translation/scoring.js';
import { type Translator, translate } from '../../translation/translate.js';
import { exactBleuChange, sampledBleuChange } from './bleu-change.js';
import { ControlSentences, sentenceCurvature, settledSentenceCurvature } from './control-sentences.js';
import { evaluateTranslation } from './evaluate-translation.js';
import { noisedSources } from './noised-sources.js';
import { repairTranslations } from './repair-translations.js';
import { TranslationRepairer } from './translation-repairer.js';
import { alternativesOf, sampledTasks, translationMistakes } from './translation-tasks.js';
import { TranslationTestSet } from './translation-test-set.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-evaluate-translation-'));
afterAll(() => rmSync(folder, { recursive: true }));

const layers = 'decoder.layers.1';
const rmsprop: EditorChoice = { name: 'rmsprop', hyperparameters: { learningRate: 3e-3 }, layers, maxSteps: 20 };
const natural: EditorChoice = { name: 'natural', hyperparameters: {}, layers, maxSteps: 10 };

let translator: Translator;
let test: readonly TextPair[];
beforeAll(async () => {
  translator = await smallTranslator(folder);
  test = madeUpPairs('test', 300);
});

const control = () => new ControlSentences(translator, madeUpPairs('train', 1500), { sentences: 300 });
const curvature = () => sentenceCurvature(translator, control());
const settled = (sentences?: number) =>
  settledSentenceCurvature(curvature(), translator, control(), { steps: 16, sentences });
const testSet = () => new TranslationTestSet(translator, test, { edited: selectParameters(translator.model, layers) });
const demands = (edits: number) => {
  const tasks = sampledTasks(translator, test, { edits, seed: 0, temperature: 1.2 });
  const found = alternativesOf(
    translator,
    tasks.map(({ source }) => source),
    8,
  );
  return tasks.map((task, i) => ({ ...task, alternatives: found[i]! }));
};

describe('TranslationTestSet', () => {
  it('has the BLEU and the translations that translating everything anew has, of any part of the sentences too', () => {
    using set = testSet();
    const texts = translate(
      translator,
      test.map(({ source }) => source),
    ).map(({ text }) => text);
    expect(set.translations.map((tokens) => translator.codec.decode(tokens))).toEqual(texts);
    const { score } = corpusBleu(
      texts,
      test.map(({ target }) => target),
      { tokenizer: 'none' },
    );
    expect(set.bleu).toBeCloseTo(score, 9);
    expect(set.bleu).toBeGreaterThan(40);
    expect(set.bleu).toBeLessThan(100);
    const some = [...stream(3, 'some').sample(300, 70)];
    expect(set.translate(translator.model, some)).toEqual(some.map((at) => set.translations[at]));
  });

  it('runs the encoder again where edits change it', () => {
    const edited = selectParameters(translator.model, 'encoder.layers.0');
    using set = new TranslationTestSet(translator, test.slice(0, 40), { edited });
    const parameters = new Map(edited.map((name) => [name, translator.model.parameters.get(name)!.mul(0)]));
    expect(set.translate(translator.model.with({ parameters }))).not.toEqual(set.translations);
  });
});

describe('sampledBleuChange', () => {
  it('equals the exact change once every sentence is drawn, and otherwise states how far off it may be', () => {
    using set = testSet();
    const [demand] = demands(3).slice(1);
    const { model, steps } = new TranslationRepairer(translator, rmsprop).repair([demand!]);
    expect(steps).toBeGreaterThan(0);
    const exact = exactBleuChange(set, model);
    expect(exact.drawdown).toBeGreaterThan(1);
    expect(exact).toMatchObject({ standardError: 0, judged: 300 });
    const edited = demand!.index;
    for (const own of [{}, { edited }]) {
      const whole = sampledBleuChange(set, model, { standardError: 0, seed: 0, position: 0, ...own });
      expect(whole).toMatchObject({ standardError: 0, judged: 300 });
      expect(whole.changed).toBeCloseTo(exact.changed, 9);
      expect(whole.drawdown).toBeCloseTo(exact.drawdown, 9);
    }
    const draws = Array.from({ length: 40 }, (_, position) =>
      sampledBleuChange(set, model, { standardError: 100, seed: 0, position, edited }),
    );
    for (const { judged, standardError } of draws) {
      expect(judged).toBe(101);
      expect(standardError).toBeGreaterThan(0);
    }
    const covered = draws.filter((d) => Math.abs(d.drawdown - exact.drawdown) <= 1.96 * d.standardError).length;
    expect(covered).toBeGreaterThanOrEqual(34); // 38 of 40 are to be expected
    const mean = draws.reduce((sum, { drawdown }) => sum + drawdown, 0) / 40;
    const error = Math.sqrt(draws.reduce((sum, d) => sum + d.standardError ** 2, 0)) / 40;
    expect(Math.abs(mean - exact.drawdown)).toBeLessThan(4 * error);
  });
});

describe('evaluateTranslation', () => {
  it('judges the same edits for every editor; the natural one costs less', async () => {
    const options = { edits: 6, alternatives: 8, views: 3 };
    const costly = await evaluateTranslation(translator, test, { ...options, editor: rmsprop });
    const cheap = await evaluateTranslation(translator, test, { ...options, editor: natural, curvature: curvature() });
    expect(cheap.records.map(({ index, target }) => [index, target])).toEqual(
      costly.records.map(({ index, target }) => [index, target]),
    );
    expect(cheap.successRate).toBe(1);
    expect(cheap.bleuDrawdown).toBeLessThan(costly.bleuDrawdown);
    expect(cheap).toMatchObject({ bleu: costly.bleu, sentences: 300, samplingError: 0, edits: 6, targets: 'random' });
    for (const { success, best, loss } of cheap.records) {
      if (success) expect(loss).toBe(0);
      expect(best && !success).toBe(false);
    }
  });

  it('ended at any edit and called again, leaves the same records', async () => {
    const file = (name: string) => join(folder, `${name}.jsonl`);
    const evaluate = (name: string, stopAfter = 99) =>
      evaluateTranslation(translator, test, {
        ...{ edits: 5, editor: natural, curvature: curvature(), alternatives: 8, views: 2, precision: 5 },
        recordsFile: file(name),
        onEdit: (done) => {
          if (done === stopAfter) throw new Error('ended');
        },
      });
    const { seconds: _, ...whole } = await evaluate('whole');
    await expect(evaluate('broken', 2)).rejects.toThrow('ended');
    appendFileSync(file('broken'), '{"index":'); // a line cut short
    await expect(evaluate('broken', 4)).rejects.toThrow('ended');
    const { seconds: __, ...continued } = await evaluate('broken');
    expect(continued).toEqual(whole);
    expect(readFileSync(file('broken'), 'utf8')).toBe(readFileSync(file('whole'), 'utf8'));
  });

  it('refuses counts that cannot be used, no sentences, and a baseline that reads text otherwise', async () => {
    const evaluate = (own: object, pairs = test) =>
      evaluateTranslation(translator, pairs, { edits: 1, editor: rmsprop, ...own });
    await expect(evaluate({ edits: 0 })).rejects.toThrow('edits: expected a whole number of at least 1, received 0.');
    await expect(evaluate({ precision: 0 })).rejects.toThrow('precision: expected a number above 0, received 0.');
    await expect(evaluate({}, [])).rejects.toThrow('expected test sentences and references, received none.');
    const hashes = { mergesHash: 'f00', vocabularyHash: 'f00' };
    await expect(evaluate({ baseline: { ...translator, codec: { hashes } } })).rejects.toThrow(
      'baseline: expected a model with the merges and the vocabulary of the one that is evaluated; it has others.',
    );
  });
});

describe('settling', () => {
  /** Nats a token, on sentences that are not among the control ones. */
  const divergenceOf = (model: TranslationModel): number => {
    const names = selectParameters(translator.model, layers);
    const pairs = test.map(({ source, target }) => ({
      source: translator.codec.encode(source, 'source'),
      target: translator.codec.encode(target, 'target'),
    }));
    const batches = controlPairs(translator.model, translator.spec, pairs, {
      from: firstStageOf(translator.model, names),
    });
    using locality = new ControlLocality(translator.model, batches, { names });
    return locality.divergence(
      names.map((name) => model.parameters.get(name)!),
      0,
    );
  };

  it('keeps the translations of other sentences better, in as many steps of the repair, which holds', () => {
    scope(() => {
      const wanted = demands(4);
      const [without, found] = [curvature(), settled()].map((own) => {
        const repairer = new TranslationRepairer(translator, natural, own);
        return wanted.map((demand) => repairer.repair([demand], { rounds: 2 }));
      });
      expect(found!.map(({ success }) => success)).toEqual(without!.map(({ success }) => success));
      expect(found!.map(({ steps }) => steps)).toEqual(without!.map(({ steps }) => steps));
      const sum = (of: typeof found): number => of!.reduce((total, { model }) => total + divergenceOf(model), 0);
      expect(sum(found)).toBeGreaterThan(0);
      expect(sum(found)).toBeLessThan(0.7 * sum(without));
    });
  });

  it('comes once, after all repairs of a set, and leaves them in force', async () => {
    const pairs = demands(4);
    const repaired = (own: ReturnType<typeof settled>) =>
      repairTranslations(translator, pairs, { editor: natural, curvature: own, judged: test, alternatives: 8 });
    const [without, found] = [await repaired(curvature()), await repaired(settled(400))];
    expect(found.repairs.map(({ held, steps }) => [held, steps])).toEqual(
      without.repairs.map(({ held, steps }) => [held, steps]),
    );
    expect(found.repairs.every(({ held }) => held)).toBe(true);
    expect(divergenceOf(found.model)).toBeLessThan(0.7 * divergenceOf(without.model));
  });

  it('looks at as many control sentences as it is told, of those there are', () => {
    const names = selectParameters(translator.model, layers);
    const groups = (sentences?: number): unknown => {
      using own = settled(sentences)(names);
      return own.identity.settling;
    };
    expect(groups()).toEqual({ steps: 16, groups: 6 });
    expect(groups(400)).toEqual({ steps: 16, groups: 2 });
  });
});

describe('TranslationRepairer', () => {
  it('goes on until beam search gives the target, where rounds are allowed, and leaves nothing behind', () => {
    const repairer = new TranslationRepairer(translator, natural, curvature());
    const wrong = translationMistakes(
      translator,
      test,
      translate(
        translator,
        test.map(({ source }) => source),
      ).map(({ text }) => text),
    );
    const before = memory().tensors;
    const given = wrong.slice(0, 4).filter(({ source, reference }) =>
      scope(() => {
        const encoded = translator.codec.encode(source, 'source');
        const [alternatives = []] = alternativesOf(translator, [encoded], 8);
        const demand = { source: encoded, target: translator.codec.encode(reference, 'target'), alternatives };
        const { model, success } = repairer.repair([demand], { rounds: 8 });
        expect(success).toBe(true);
        const [best] = beamSearch(model, translator.spec, [encoded], { beam: 5 })[0]!;
        const [own] = scoreTranslations(model, translator.spec, [{ source: encoded, target: demand.target }]);
        // A beam may pass over the likeliest sentence, but what it finds is no likelier.
        expect(own!.score).toBeGreaterThan(best!.score - 1e-5);
        return translate({ ...translator, model }, [source])[0]!.text === reference;
      }),
    );
    expect(given.length).toBeGreaterThanOrEqual(1);
    expect(memory().tensors).toBe(before);
  });

  it.each([rmsprop, natural])('carries over to noised sources that it is asked to hold on: $name', (choice) => {
    scope(() => {
      const { codec } = translator;
      const [demand] = demands(2).slice(1);
      const text = codec.decode(demand!.source);
      const views = noisedSources(codec, text, 2, stream(0, 'held'));
      expect(views).toHaveLength(2);
      const found = alternativesOf(translator, views, 8);
      const all = [demand!, ...views.map((source, i) => ({ ...demand!, source, alternatives: found[i]! }))];
      const repairer = new TranslationRepairer(translator, { ...choice, maxSteps: 60 }, curvature());
      const { model, success } = repairer.repair(all);
      expect(success).toBe(true);
      expect(repairer.unbeaten(model, all).length).toBe(3);
    });
  });
});
