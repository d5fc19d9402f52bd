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
