/** A whole training of a translation model on a made-up language: each word has its own translation, word by word. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ParallelCorpus, readParallelCorpus, stream } from '../data/index.js';
import { readRunConfig } from '../runs/read-config.js';
import { openTranslationRun } from '../runs/translation-run.js';
import { translate } from '../translation/translate.js';
import { type TranslationMetrics, type TranslationPlan, trainTranslation } from './train-translation.js';
import { defaultTranslationTraining } from './translation-settings.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-translation-'));
afterAll(() => rmSync(folder, { recursive: true }));

const words = [
  ['rot', 'red'],
  ['blau', 'blue'],
  ['haus', 'house'],
  ['hund', 'dog'],
] as const;

function writeSplit(split: string, count: number): void {
  const random = stream(1, split);
  const pairs = Array.from({ length: count }, () => {
    const chosen = Array.from({ length: 2 + random.int(3) }, () => words[random.int(words.length)]!);
    return {
      source: chosen.map(([word]) => word).join(' '),
      target: chosen.map(([, word]) => word).join(' '),
    };
  });
  for (const side of ['source', 'target'] as const)
    writeFileSync(
      join(folder, 'data', `${split}.${side === 'source' ? 'xx' : 'yy'}`),
      pairs.map((pair) => `${pair[side]}\n`).join(''),
    );
}

const plan: TranslationPlan = {
  text: { source: 'xx', target: 'yy', tokenization: 'none', lowercase: false, merges: 20 },
  model: {
    ...{ kind: 'transformer_iwslt_de_en', dim: 32, feedForward: 64, heads: 2, encoderLayers: 1, decoderLayers: 1 },
    ...{ dropout: 0.1, tied: 'all' },
  },
  training: {
    ...defaultTranslationTraining,
    ...{ epochs: 8, batchTokens: 100, warmUp: 40, learningRate: 1e-2, maxLength: 40, averageEpochs: 2 },
    ...{ checkpointEvery: 13, labelSmoothing: 0 },
  },
};

let corpus: ParallelCorpus;
beforeAll(() => {
  mkdirSync(join(folder, 'data'));
  writeSplit('train', 400);
  writeSplit('valid', 12);
  corpus = readParallelCorpus(join(folder, 'data'), { source: 'xx', target: 'yy' });
});

/** All files of a run, as text that a difference can be told by. */
const contents = (run: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(run, { recursive: true, encoding: 'utf8' }).map((file) => [
      file,
      readFileSync(join(run, file)).toString('base64'),
    ]),
  );

describe('trainTranslation', () => {
  const whole = join(folder, 'whole');
  const told: TranslationMetrics[] = [];

  it('learns to translate, and leaves a run that opens', async () => {
    const run = await trainTranslation(whole, plan, corpus, { onStep: (metrics) => told.push(metrics) });
    const validations = told.flatMap(({ validation }) => (validation === undefined ? [] : [validation]));
    expect(validations).toHaveLength(8);
    expect(validations.at(-1)!.loss).toBeLessThan(validations[0]!.loss / 2);
    expect(validations.at(-1)!.bleu).toBeGreaterThan(50);
    expect(readdirSync(whole).sort()).toEqual([
      ...['bpe.codes', 'config.json', 'dict.txt', 'editor.json', 'metrics.jsonl', 'model.safetensors'],
    ]);
    const opened = openTranslationRun(whole);
    const translator = { model: opened.model, spec: opened.config.model, codec: opened.codec };
    const [first, empty] = translate(translator, ['rot haus', '']);
    expect(first!.text).toMatch(/^red house/);
    expect(empty!.text).toBe('');
    expect(run.codec.hashes).toEqual(opened.codec.hashes);
  });

  it('ends in a cooldown, which a run without that setting does not have', async () => {
    const rates = told.map(({ learningRate }) => learningRate);
    const ofInverseRoot = (step: number): number => 1e-2 * Math.sqrt(40 / (step + 1));
    const steps = rates.length;
    const before = Math.floor(0.7 * steps) - 1;
    expect(rates[before]).toBeCloseTo(ofInverseRoot(before), 12);
    expect(rates[steps - 1]).toBeCloseTo(ofInverseRoot(steps - 1) / (0.3 * steps), 12);
    const { cooldown, ...earlier } = plan.training;
    const begun: number[] = [];
    const ended = trainTranslation(join(folder, 'earlier'), { ...plan, training: { ...earlier, epochs: 2 } }, corpus, {
      onStep: (metrics) => begun.push(metrics.learningRate),
    });
    await ended;
    expect(begun.at(-1)).toBeCloseTo(Math.min(1e-2 * (begun.length / 40), ofInverseRoot(begun.length - 1)), 12);
  });

  it('ended at any step and called again, leaves the same bits', async () => {
    const broken = join(folder, 'broken');
    const random = stream(2, 'ends');
    let ends = 0;
    for (;;) {
      let left = 1 + random.int(45);
      const done = await trainTranslation(broken, plan, corpus, {
        onStep: () => {
          if (left-- === 0) throw new Error('ended');
        },
      }).catch((error: Error) => error.message);
      if (done !== 'ended') break;
      ends += 1;
      appendFileSync(join(broken, 'metrics.jsonl'), '{"step":'); // a line cut short
    }
    expect(ends).toBeGreaterThan(3);
    expect(contents(broken)).toEqual(contents(whole));
  });

  it('opens a finished run without training, and refuses other settings, other text and other merges', async () => {
    const before = told.length;
    await trainTranslation(whole, plan, corpus, { onStep: (metrics) => told.push(metrics) });
    expect(told).toHaveLength(before);
    const other = { ...plan, training: { ...plan.training, epochs: 9 } };
    await expect(trainTranslation(whole, other, corpus)).rejects.toThrow(
      'holds a run of other settings (training.epochs: 8 there, 9 asked for)',
    );
    await expect(trainTranslation(whole, plan, { ...corpus, hash: 'f00' })).rejects.toThrow('dataset.hash');
    const changed = join(folder, 'changed');
    mkdirSync(changed);
    for (const file of readdirSync(whole)) writeFileSync(join(changed, file), readFileSync(join(whole, file)));
    appendFileSync(join(changed, 'bpe.codes'), 'a b\n');
    expect(() => openTranslationRun(changed)).toThrow('was trained with');
  });

  it('is told from a run of image classification', () => {
    expect(() => readRunConfig(whole)).toThrow(/is a run of translation; this is for runs of image classification\.$/);
  });

  it('refuses settings that cannot be used before anything is written', async () => {
    const nowhere = join(folder, 'nowhere');
    const train = (own: Partial<typeof plan.training>) =>
      trainTranslation(nowhere, { ...plan, training: { ...plan.training, ...own } }, corpus);
    await expect(train({ averageEpochs: 9 })).rejects.toThrow('averageEpochs: expected at most as many as there are');
    await expect(train({ labelSmoothing: 1 })).rejects.toThrow('labelSmoothing: expected a number from 0 to below 1');
    await expect(trainTranslation(nowhere, { ...plan, model: { ...plan.model, dim: 33 } }, corpus)).rejects.toThrow(
      'a dim that 2 heads divide evenly',
    );
    expect(existsSync(nowhere)).toBe(false);
  });
});

describe('trainTranslation with edits', () => {
  const editable = (own: Partial<TranslationPlan['training']> = {}): TranslationPlan => ({
    ...plan,
    training: {
      ...plan.training,
      ...{ objective: 'editable', from: join(folder, 'whole'), epochs: 1, averageEpochs: 1, learningRate: 1e-3 },
      ...{ warmUp: 5, alternatives: 5, batchTokens: 200, editNormalization: 'tokens', checkpointEvery: 4 },
      editor: { name: 'rmsprop', hyperparameters: { learningRate: 3e-3 }, layers: 'decoder.layers.0', maxSteps: 4 },
      ...own,
    },
  });
  const told: TranslationMetrics[] = [];
  const whole = join(folder, 'editable');

  it('makes an edit of the last decoder layer each step, learns from it, and leaves the editor that it learned', async () => {
    const run = await trainTranslation(whole, editable(), corpus, { onStep: (metrics) => told.push(metrics) });
    expect(told.length).toBeGreaterThan(10);
    expect(told.filter(({ editorSteps }) => editorSteps > 0).length).toBeGreaterThan(told.length / 2);
    for (const { editorSteps, locality } of told) {
      expect(editorSteps).toBeLessThanOrEqual(4);
      expect(locality > 0).toBe(editorSteps > 0);
    }
    const { learningRate } = run.editor!.hyperparameters;
    expect(learningRate).not.toBe(3e-3);
    expect(run.codec.hashes).toEqual(openTranslationRun(join(folder, 'whole')).codec.hashes);
    const { parameters } = openTranslationRun(join(folder, 'whole')).model;
    expect([...run.model.parameters].some(([name, value]) => !value.equal(parameters.get(name)!))).toBe(true);
  });

  it('weighs edits by the tokens of a batch as the released code does, or as they are', async () => {
    const [step] = told;
    const { base, edit, locality, loss } = step!;
    const weight = (loss - base) / (edit + locality); // 100 divided by the tokens of a batch
    expect(weight).toBeGreaterThan(100 / 200);
    expect(weight).toBeLessThan(100 / 80);
    const plain: TranslationMetrics[] = [];
    await expect(
      trainTranslation(join(folder, 'plainly'), editable({ editNormalization: 'none', cEdit: 1, cLoc: 2 }), corpus, {
        onStep: (metrics) => {
          plain.push(metrics);
          throw new Error('ended');
        },
      }),
    ).rejects.toThrow('ended');
    expect(plain[0]!.loss).toBeCloseTo(plain[0]!.base + plain[0]!.edit + 2 * plain[0]!.locality, 4);
  });

  it('ended at any step and called again, leaves the same bits', async () => {
    const broken = join(folder, 'editable-broken');
    for (const stops of [7, 3, 5]) {
      let left = stops;
      await expect(
        trainTranslation(broken, editable(), corpus, {
          onStep: () => {
            if (left-- === 0) throw new Error('ended');
          },
        }),
      ).rejects.toThrow('ended');
    }
    await trainTranslation(broken, editable(), corpus);
    expect(contents(broken)).toEqual(contents(whole));
  });

  it('refuses to edit without a model to start from, and other sizes or text than that has', async () => {
    const nowhere = join(folder, 'nowhere');
    const { from: _, ...without } = editable().training;
    await expect(trainTranslation(nowhere, { ...plan, training: without }, corpus)).rejects.toThrow(
      'objective: expected plain, or a run to start from, which gives edits their targets and alternatives',
    );
    const wider = { ...editable(), model: { ...plan.model, dim: 64 } };
    await expect(trainTranslation(nowhere, wider, corpus)).rejects.toThrow(/^dim: expected as .*whole has it/);
    expect(existsSync(nowhere)).toBe(false);
  });
});
