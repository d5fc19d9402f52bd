import { describe, expect, it } from 'vitest';
import { TextError } from '../errors.js';
import { RandomNumbers } from '../random.js';
import { BpeEncoder, checkMergesHash, decodeBpe, formatMerges, learnMerges, mergesHash, parseMerges } from './index.js';
import { compareCodePoints } from './pair-counts.js';

const refusal = (use: () => unknown): string => {
  try {
    use();
  } catch (error) {
    if (error instanceof TextError) return error.message;
    throw error;
  }
  return '';
};

describe('learnMerges', () => {
  it('takes the most frequent pair, and of equals the last', () => {
    const { pairs } = learnMerges(['low low lower lower lower', 'newest newest'], { merges: 4 });
    // l-o and o-w occur five times; then we, e-r</w> and lo-we three times.
    expect(pairs).toEqual([
      ['w', 'e'],
      ['l', 'o'],
      ['we', 'r</w>'],
      ['lo', 'wer</w>'],
    ]);
  });

  it('stops when no pair occurs twice', () => {
    expect(learnMerges(['ab cd'], { merges: 10 }).pairs).toEqual([]);
    expect(learnMerges(['ab cd'], { merges: 10, minFrequency: 1 }).pairs).toEqual([
      ['c', 'd</w>'],
      ['a', 'b</w>'],
    ]);
  });

  it('merges from the left in a row of equal characters', () => {
    const merges = learnMerges(['aaaaa aaaaa'], { merges: 1 });
    expect(merges.pairs).toEqual([['a', 'a']]);
    expect(new BpeEncoder(merges).encode('aaaaa')).toBe('aa@@ aa@@ a');
  });

  it('orders characters beyond U+FFFF after all others, as Python does', () => {
    expect(compareCodePoints('\uffff', '😀')).toBeLessThan(0);
    expect(compareCodePoints('a😀', 'a')).toBeGreaterThan(0);
    expect(compareCodePoints('ab', 'b')).toBeLessThan(0);
    expect(learnMerges(['😀😀\uffff\uffff'], { merges: 1, minFrequency: 1 }).pairs[0]![0]).toBe('😀');
  });

  it('refuses a text without pairs and a count that is none', () => {
    expect(refusal(() => learnMerges(['a b'], { merges: 1 }))).toMatch(
      /expected sentences with words of two characters/,
    );
    expect(refusal(() => learnMerges(['ab'], { merges: 0 }))).toBe(
      'learnMerges: expected merges to be a whole number from 1, received 0.',
    );
  });
});

describe('parseMerges', () => {
  it('reads what formatMerges writes, both versions', () => {
    for (const version of ['0.1', '0.2'] as const) {
      const merges = { version, pairs: [['l', 'o'] as const, ['lo', 'w</w>'] as const] };
      expect(parseMerges(formatMerges(merges))).toEqual(merges);
    }
    expect(parseMerges('#version: 0.2.0\r\na b\r\n\n')).toEqual({ version: '0.2', pairs: [['a', 'b']] });
  });

  it.each([
    ['', 'Expected codes to hold merges; it has none.'],
    ['#version: 0.2\n', 'Expected codes to hold merges; it has none.'],
    ['#version: 0.3\na b\n', 'Expected codes to begin with "#version: 0.1" or "#version: 0.2", found "#version: 0.3".'],
    ['#version: 0.2\na b\na\n', /^Expected line 3 of codes to be two symbols .* found "a"\.$/],
    ['#version: 0.2\na b c\n', /^Expected line 2 of codes .* found "a b c"\.$/],
    ['a  b\n', /^Expected line 1 of codes/],
    [Uint8Array.of(97, 32, 98, 10, 0xff, 10), 'Expected codes to be UTF-8; line 2 is not.'],
  ])('refuses %j in one sentence', (text, message) => {
    expect(refusal(() => parseMerges(text, 'codes'))).toMatch(message);
  });
});

describe('checkMergesHash', () => {
  const merges = learnMerges(['low low lower'], { merges: 3 });

  it('takes the same merges and refuses one more, one less and another order', () => {
    const hash = mergesHash(merges);
    checkMergesHash(parseMerges(formatMerges(merges)), hash);
    for (const pairs of [merges.pairs.slice(1), [...merges.pairs].reverse(), [...merges.pairs, ['x', 'y'] as const]]) {
      expect(refusal(() => checkMergesHash({ ...merges, pairs }, hash, 'this model'))).toMatch(
        /^Expected the merges that this model was trained with \([0-9a-f]{12}\), received others/,
      );
    }
  });
});

describe('BpeEncoder', () => {
  const merges = parseMerges('#version: 0.2\nl o\nlo w\ne r</w>\nlow er</w>\n');

  it('applies the merge learned first, and keeps unknown characters', () => {
    const encoder = new BpeEncoder(merges);
    expect(encoder.encode('  lower low  lows zlo ')).toBe('lower lo@@ w low@@ s z@@ l@@ o');
    expect(new BpeEncoder(merges, { separator: '￭' }).encode('lows')).toBe('low￭ s');
  });

  it('cuts again what the vocabulary lacks', () => {
    const vocabulary = new Set(['low@@', 'l@@', 'o@@', 'w', 'r', 'e@@', 's']);
    const encoder = new BpeEncoder(merges, { vocabulary });
    expect(encoder.encode('lower lows low')).toBe('low@@ e@@ r low@@ s l@@ o@@ w');
  });

  it('reads version 0.1, where the end of a word is a symbol', () => {
    const encoder = new BpeEncoder(parseMerges('#version: 0.1\nl o\nw </w>\nlo w</w>\n'));
    expect(encoder.encode('low lo')).toBe('low lo');
    expect(new BpeEncoder(encoder.merges, { vocabulary: new Set(['lo@@', 'w']) }).encode('low')).toBe('lo@@ w');
  });

  it('decodes to the same words, 1,000 times, whatever the characters', () => {
    const letters = [...'abcdeäß中😀@</w>\u00a0\ud800', '</w>', '@@'];
    for (let i = 0; i < 1000; i++) {
      const random = new RandomNumbers(i, 'bpe');
      const word = (): string =>
        Array.from({ length: 1 + random.int(8) }, () => letters[random.int(letters.length)]!).join('');
      const sentences = Array.from({ length: 3 }, () => Array.from({ length: 6 }, word));
      const learned = learnMerges(
        sentences.map((words) => words.join(' ')),
        { merges: 1 + random.int(30), minFrequency: 1 },
      );
      const encoder = new BpeEncoder(learned);
      for (const words of [...sentences, [word(), word(), word()]]) {
        // A word that ends in the separator, or one that ends like the end of a word, cannot be told from a piece.
        const plain = words.filter((text) => !text.endsWith('@@') && !text.includes('</w>'));
        expect(decodeBpe(encoder.encode(plain.join(' ')))).toBe(plain.join(' '));
      }
      expect(parseMerges(formatMerges(learned))).toEqual(learned);
    }
  });
});

describe('damaged merges files', () => {
  it('2,000 are read or refused in one sentence', () => {
    const original = new TextEncoder().encode(
      formatMerges(
        learnMerges(['ein hellblauer hund läuft', 'eine hellblaue hündin'], { merges: 20, minFrequency: 1 }),
      ),
    );
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const random = new RandomNumbers(i, 'damage');
      const bytes = original.slice(0, random.int(4) === 0 ? random.int(original.length) : undefined);
      for (let n = random.int(4); n > 0 && bytes.length > 0; n--) bytes[random.int(bytes.length)] = random.int(256);
      const message = refusal(() => new BpeEncoder(parseMerges(bytes, 'codes')).encode('hellblauer hund'));
      expect(message).not.toMatch(/\n/);
      if (message !== '') refused++;
    }
    expect(refused).toBeGreaterThan(500);
    expect(refused).toBeLessThan(2000);
  });
});
