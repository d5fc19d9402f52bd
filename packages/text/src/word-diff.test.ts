import { describe, expect, it } from 'vitest';
import { RandomNumbers } from './random.js';
import { formatWordDiff, wordDiff } from './word-diff.js';

describe('wordDiff', () => {
  it('tells what goes and what comes, in the order of the sentences', () => {
    expect(wordDiff('a red ball', 'a blue ball').map(({ kind, text }) => [kind, text.trim()])).toEqual([
      ['same', 'a'],
      ['removed', 'red'],
      ['added', 'blue'],
      ['same', 'ball'],
    ]);
    expect(wordDiff('two men', 'two men')).toEqual([{ kind: 'same', text: 'two men' }]);
    expect(wordDiff('', 'a')).toEqual([{ kind: 'added', text: 'a' }]);
  });

  it('holds both sentences, but for spaces, whatever they are', () => {
    const words = ['a', 'the', 'Hund', 'ä', '.', ',', '中文', "it's", '😀', '  '];
    for (let i = 0; i < 500; i++) {
      const random = new RandomNumbers(i, 'diff');
      const sentence = (): string => Array.from({ length: random.int(9) }, () => words[random.int(10)]).join(' ');
      const [before, after] = [sentence(), sentence()];
      const without = (kind: string): string =>
        wordDiff(before, after)
          .map((change) => (change.kind === kind ? '' : change.text))
          .join('');
      expect(without('added').replace(/\s/g, '')).toBe(before.replace(/\s/g, ''));
      expect(without('removed').replace(/\s/g, '')).toBe(after.replace(/\s/g, ''));
    }
  });
});

describe('formatWordDiff', () => {
  it('marks the changes on one line', () => {
    expect(formatWordDiff(wordDiff('a man in a red shirt sits .', 'a man in a blue shirt sits down .'))).toBe(
      'a man in a [-red-] {+blue+} shirt sits {+down+} .',
    );
  });
});
