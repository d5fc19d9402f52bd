/** A translation model for tests: a made-up language, word by word and turned round, learned in some seconds. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  defaultTranslationTraining,
  readParallelCorpus,
  stream,
  type TextPair,
  type TranslationPlan,
  type Translator,
  trainTranslation,
} from '../src/index.js';

const words = [
  ...(['rot red', 'blau blue', 'haus house', 'hund dog', 'katze cat', 'mann man', 'frau woman', 'kind child'] as const),
  ...([
    'gross big',
    'klein small',
    'alt old',
    'baum tree',
    'auto car',
    'ball ball',
    'grün green',
    'stadt town',
  ] as const),
].map((pair) => pair.split(' ') as [string, string]);

/** Sentences of the language, and their translations. */
export function madeUpPairs(label: string, count: number): TextPair[] {
  const random = stream(1, label);
  return Array.from({ length: count }, () => {
    const chosen = Array.from({ length: 3 + random.int(4) }, () => words[random.int(words.length)]!);
    return {
      source: chosen.map(([word]) => word).join(' '),
      target: chosen
        .map(([, word]) => word)
        .reverse()
        .join(' '),
    };
  });
}

/** Writes `train.xx`, `train.yy` and the like into a folder. */
export function writeMadeUpCorpus(folder: string, counts: Readonly<Record<string, number>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [split, count] of Object.entries(counts)) {
    const pairs = madeUpPairs(split, count);
    for (const side of ['source', 'target'] as const) {
      const path = join(folder, `${split}.${side === 'source' ? 'xx' : 'yy'}`);
      writeFileSync(path, pairs.map((pair) => `${pair[side]}\n`).join(''));
    }
  }
}

export const madeUpLanguages = { source: 'xx', target: 'yy' } as const;

export const smallPlan: TranslationPlan = {
  text: { ...madeUpLanguages, tokenization: 'none', lowercase: false, merges: 60 },
  model: {
    ...{ kind: 'transformer_iwslt_de_en', dim: 32, feedForward: 64, heads: 2, encoderLayers: 1, decoderLayers: 2 },
    ...{ dropout: 0, tied: 'all' },
  },
  training: {
    ...defaultTranslationTraining,
    ...{ epochs: 12, batchTokens: 300, warmUp: 40, learningRate: 1e-2, maxLength: 40, averageEpochs: 1 },
    ...{ checkpointEvery: 50, labelSmoothing: 0.1 },
  },
};

/** Trained into `folder/run` on `folder/data`; some of its translations are wrong. */
export async function smallTranslator(
  folder: string,
  own: Partial<TranslationPlan['training']> = {},
): Promise<Translator> {
  writeMadeUpCorpus(join(folder, 'data'), { train: 1500, valid: 12, test: 120 });
  const corpus = readParallelCorpus(join(folder, 'data'), madeUpLanguages);
  const { model, config, codec } = await trainTranslation(
    join(folder, 'run'),
    { ...smallPlan, training: { ...smallPlan.training, ...own } },
    corpus,
  );
  return { model, spec: config.model, codec };
}
