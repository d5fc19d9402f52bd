import { describe, expect, it } from 'vitest';
import { type NoiseKind, noisyViews } from './noise.js';
import { RandomNumbers } from './random.js';

const all = (sentence: string, kind: NoiseKind): string[] =>
  noisyViews(sentence, 100, new RandomNumbers(0), { kinds: [kind] }).sort();

describe('noisyViews', () => {
  it('drops one word, each in turn', () => {
    expect(all('ein hund läuft .', 'drop-word')).toEqual(['ein hund .', 'ein läuft .', 'hund läuft .']);
    expect(all('Hund.', 'drop-word')).toEqual([]);
  });

  it('changes capitals', () => {
    expect(all('Ein Hund', 'case')).toEqual(['EIN HUND', 'Ein hund', 'ein Hund', 'ein hund']);
  });

  it('drops or changes a mark, but none inside a word or number', () => {
    expect(all('Er, 3,5 Jahre.', 'punctuation')).toEqual(
      ['Er 3,5 Jahre.', 'Er, 3,5 Jahre', 'Er, 3,5 Jahre!', 'Er, 3,5 Jahre?'].sort(),
    );
    expect(all('ein , zwei', 'punctuation')).toEqual(['ein , zwei .', 'ein zwei']);
    expect(all('Ein Hund', 'punctuation')).toEqual(['Ein Hund.']);
  });

  it("leaves Moses' escapes whole", () => {
    expect(all('geht &apos; s &quot; so', 'drop-word')).toEqual(
      ['&apos; s &quot; so', 'geht &apos; &quot; so', 'geht &apos; s &quot;'].sort(),
    );
    expect(all('&#91; a', 'case')).toEqual(['&#91; A']);
  });

  it('is a function of the stream, with views that all differ', () => {
    const sentence = 'Zwei Männer sitzen auf einer Bank, und ein Hund läuft.';
    const views = noisyViews(sentence, 8, new RandomNumbers(3, 'views'));
    expect(noisyViews(sentence, 8, new RandomNumbers(3, 'views'))).toEqual(views);
    expect(noisyViews(sentence, 8, new RandomNumbers(4, 'views'))).not.toEqual(views);
    expect(new Set([...views, sentence]).size).toBe(9);
  });

  it('takes any Unicode and no sentence at all', () => {
    expect(noisyViews('', 3, new RandomNumbers(0))).toEqual(['.']);
    for (let i = 0; i < 1000; i++) {
      const random = new RandomNumbers(i, 'noise');
      const sentence = Array.from({ length: 12 }, () =>
        String.fromCodePoint(random.int(random.int(2) ? 128 : 0x110000)),
      ).join('');
      const views = noisyViews(sentence, 5, random);
      expect(new Set([...views, sentence]).size).toBe(views.length + 1);
    }
  });

  it('refuses a kind that is none', () => {
    const kinds = ['typo'] as unknown as NoiseKind[];
    expect(() => noisyViews('a b', 1, new RandomNumbers(0), { kinds })).toThrow(
      'expected kinds drop-word, case or punctuation',
    );
  });
});
