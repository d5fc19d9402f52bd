import { describe, expect, it } from 'vitest';
import { RandomNumbers } from '../random.js';
import {
  addBleuStatistics,
  type BleuOptions,
  bleuOfStatistics,
  bleuSignature,
  bleuStatistics,
  bootstrapBleu,
  corpusBleu,
  corpusBleuStatistics,
  pairedBootstrapBleu,
  sentenceBleu,
  subtractBleuStatistics,
  sumBleuStatistics,
} from './index.js';
import { bleuTokenizers } from './tokenizers.js';

describe('bleuStatistics', () => {
  it('counts an n-gram at most as often as the reference that has it most', () => {
    const { matches, totals } = bleuStatistics('the the the cat', ['the cat', 'the the dog']);
    expect(matches).toEqual([3, 2, 0, 0]); // the (twice), cat; "the the" once, "the cat" once
    expect(totals).toEqual([4, 3, 2, 1]);
  });

  it('takes the length of the nearest reference, the shorter of two as near', () => {
    expect(bleuStatistics('a b c', ['a', 'a b', 'a b c d']).referenceLength).toBe(2);
    expect(bleuStatistics('', 'a b')).toMatchObject({ hypothesisLength: 0, totals: [0, 0, 0, 0] });
  });

  it('exchanges a sentence in a corpus to the same score as counting again', () => {
    const hypotheses = ['a dog runs over the grass .', 'two men sit on a bench .', 'a boy'];
    const references = ['a dog runs across the grass .', 'two men are sitting on a bench .', 'a girl'];
    const sentences = corpusBleuStatistics(hypotheses, references);
    const changed = bleuStatistics('two women sit on a bench', references[1]!);
    const exchanged = addBleuStatistics(subtractBleuStatistics(sumBleuStatistics(sentences), sentences[1]!), changed);
    const again = corpusBleu([hypotheses[0]!, 'two women sit on a bench', hypotheses[2]!], references);
    expect(bleuOfStatistics(exchanged)).toEqual(again);
  });
});

describe('corpusBleu', () => {
  it('is 100 of the references and 0 where nothing matches, whatever the smoothing', () => {
    for (const smoothing of ['none', 'floor', 'add-k', 'exp'] as const) {
      expect(corpusBleu(['a b c d e'], ['a b c d e'], { smoothing }).score).toBeCloseTo(100, 9);
      expect(corpusBleu(['x y'], ['a b'], { smoothing }).score).toBe(0);
    }
  });

  it('penalises brevity by exp(1 − r/c)', () => {
    const { brevityPenalty, score } = corpusBleu(['a b c d'], ['a b c d e']);
    expect(brevityPenalty).toBeCloseTo(Math.exp(1 - 5 / 4), 12);
    expect(score).toBeCloseTo(100 * Math.exp(-0.25), 9);
    expect(corpusBleu([''], ['a']).brevityPenalty).toBe(0);
  });

  it('smooths orders without a match as named', () => {
    const precisions = (options: BleuOptions): readonly number[] =>
      corpusBleu(['a b x y'], ['a b c d'], options).precisions;
    expect(precisions({ smoothing: 'none' })).toEqual([50, 100 / 3, 0, 0]);
    expect(precisions({ smoothing: 'exp' })).toEqual([50, 100 / 3, 25, 25]); // 1/(2·2) and 1/(4·1)
    expect(precisions({ smoothing: 'floor' })).toEqual([50, 100 / 3, 5, 10]);
    expect(precisions({ smoothing: 'floor', smoothingValue: 0.2 })).toEqual([50, 100 / 3, 10, 20]);
    expect(precisions({ smoothing: 'add-k' })).toEqual([50, 50, 100 / 3, 50]);
  });

  it('refuses lists of unequal length and options that are none', () => {
    expect(() => corpusBleu(['a'], [])).toThrow(
      'expected as many hypotheses as references, at least one; received 1 and 0',
    );
    expect(() => corpusBleu(['a'], [''])).toThrow('expected a reference that is not empty');
    const options = { tokenizer: 'zh', smoothing: 'exp' } as unknown as BleuOptions;
    expect(() => corpusBleu(['a'], ['a'], options)).toThrow(
      'expected the tokenizer 13a, none, intl, char, received "zh"',
    );
    expect(() => corpusBleu(['a'], ['a'], { smoothing: 'floor', smoothingValue: -1 })).toThrow(
      'positive smoothing value',
    );
  });
});

describe('sentenceBleu', () => {
  it('averages over the orders that the sentence has, unless told otherwise', () => {
    expect(sentenceBleu('a b', 'a b').score).toBeCloseTo(100, 9);
    expect(sentenceBleu('a b', 'a b', { effectiveOrder: false }).score).toBe(0);
  });
});

describe('tokenizers', () => {
  it('13a cuts at punctuation, but not inside numbers, and undoes escapes', () => {
    expect(bleuTokenizers['13a']('It costs 1,000.5 (or so) &quot;now&quot;, well-known 3-4.')).toEqual(
      'It costs 1,000.5 ( or so ) " now " , well-known 3 - 4 .'.split(' '),
    );
  });

  it('intl knows punctuation and symbols of all of Unicode', () => {
    expect(bleuTokenizers.intl('„Ja“ – 5€, 1.5')).toEqual(['„', 'Ja', '“', '–', '5', '€', ',', '1.5']);
  });

  it('char takes characters, none takes spaces of any kind', () => {
    expect(bleuTokenizers.char('a 😀b')).toEqual(['a', '😀', 'b']);
    expect(bleuTokenizers.none('a.\u00a0b\u2003c')).toEqual(['a.', 'b', 'c']);
  });

  it('take any Unicode', () => {
    for (let i = 0; i < 400; i++) {
      const random = new RandomNumbers(i, 'bleu');
      const text = Array.from({ length: 12 }, () =>
        random.int(2) ? String.fromCodePoint(random.int(0x110000)) : '.,- \n&;12<'[random.int(10)],
      ).join('');
      for (const tokenizer of ['13a', 'intl', 'char', 'none'] as const) {
        const same = sentenceBleu(text, `${text}.`, { tokenizer });
        expect(same.score).toBeGreaterThanOrEqual(0);
        expect(same.score).toBeLessThanOrEqual(100.0001);
      }
    }
  });
});

describe('bleuSignature', () => {
  it("has sacreBLEU's fields, and says that it was not sacreBLEU", () => {
    expect(bleuSignature()).toBe('nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0-editable');
    expect(
      bleuSignature({
        references: 'var',
        lowercase: true,
        effectiveOrder: true,
        tokenizer: 'intl',
        smoothing: 'floor',
        bootstrap: { resamples: 1000, seed: 12345 },
      }),
    ).toBe('nrefs:var|bs:1000|seed:12345|case:lc|eff:yes|tok:intl|smooth:floor[0.10]|version:2.6.0-editable');
  });
});

describe('bootstrap', () => {
  const vocabulary = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const random = new RandomNumbers(1, 'sentences');
  const references = Array.from({ length: 400 }, () =>
    Array.from({ length: 6 + random.int(6) }, () => vocabulary[random.int(8)]!).join(' '),
  );
  const damaged = (oneIn: number): string[] =>
    references.map((text) => text.replace(/[a-h]/g, (word) => (random.int(oneIn) === 0 ? 'x' : word)));
  const good = corpusBleuStatistics(damaged(10), references);
  const alike = corpusBleuStatistics(damaged(10), references);
  const bad = corpusBleuStatistics(damaged(6), references);

  it('holds the score, is a function of the seed, and narrows with more sentences as 1/√n', () => {
    const { score, mean, low, high } = bootstrapBleu(good, { resamples: 300 });
    expect(score).toBe(bleuOfStatistics(sumBleuStatistics(good)).score);
    expect(low).toBeLessThan(score);
    expect(high).toBeGreaterThan(score);
    expect(Math.abs(mean - score)).toBeLessThan((high - low) / 4);
    expect(bootstrapBleu(good, { resamples: 300 })).toEqual({ score, mean, low, high });
    expect(bootstrapBleu(good, { resamples: 300, seed: 1 }).low).not.toBe(low);
    const quarter = bootstrapBleu(good.slice(0, 100), { resamples: 300 });
    expect((quarter.high - quarter.low) / (high - low)).toBeGreaterThan(1.5);
    expect((quarter.high - quarter.low) / (high - low)).toBeLessThan(2.7);
  });

  it('tells a worse system from one that is as good, more surely in pairs', () => {
    const worse = pairedBootstrapBleu(good, bad, { resamples: 300 });
    expect(worse.difference.high).toBeLessThan(0);
    expect(worse.pValue).toBe(1 / 301);
    const equal = pairedBootstrapBleu(good, alike, { resamples: 300 });
    expect(equal.difference.low).toBeLessThan(0);
    expect(equal.difference.high).toBeGreaterThan(0);
    expect(equal.pValue).toBeGreaterThan(0.05);
    const self = pairedBootstrapBleu(good, good, { resamples: 300 });
    expect(self.difference).toEqual({ score: 0, mean: 0, low: 0, high: 0 });
    expect(self.pValue).toBe(1);
  });

  it('refuses lists of unequal length, none, and a confidence that is no share', () => {
    expect(() => pairedBootstrapBleu(good, good.slice(1))).toThrow(
      'expected two lists of equal length, received 400 and 399',
    );
    expect(() => bootstrapBleu([])).toThrow('the number of sentences to be a whole number from 1, received 0');
    expect(() => bootstrapBleu(good, { confidence: 95 })).toThrow('expected a confidence between 0 and 1, received 95');
  });
});
