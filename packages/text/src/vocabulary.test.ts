import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TextError } from './errors.js';
import { RandomNumbers } from './random.js';
import { countSymbols, formatVocabulary, parseVocabulary, readVocabulary, Vocabulary } from './vocabulary.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-vocabulary-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('Vocabulary.ofCounts', () => {
  const counts = countSymbols(['b b a a c  c c', 'd😀 é']);

  it('numbers the special symbols first, then by count, equal ones by code points', () => {
    const { symbols } = Vocabulary.ofCounts(counts);
    expect(symbols).toEqual(['<s>', '<pad>', '</s>', '<unk>', 'c', 'a', 'b', 'd😀', 'é']);
  });

  it('leaves out what is rare, or beyond the size, and fills up to a multiple', () => {
    expect(Vocabulary.ofCounts(counts, { threshold: 2 }).symbols.slice(4)).toEqual(['c', 'a', 'b']);
    expect(Vocabulary.ofCounts(counts, { size: 6 }).symbols.slice(4)).toEqual(['c', 'a']);
    const padded = Vocabulary.ofCounts(counts, { threshold: 2, multipleOf: 8 });
    expect(padded.size).toBe(8);
    expect(padded.symbols.at(-1)).toBe('madeupword0000');
    expect(Vocabulary.ofCounts(counts, { size: 8, multipleOf: 8 }).size).toBe(8);
  });
});

describe('encode and decode', () => {
  const vocabulary = new Vocabulary([
    ['ein', 3],
    ['hund', 1],
  ]);

  it('are inverse but for unknown symbols', () => {
    expect(vocabulary.encode(['ein', 'wolf', 'hund'])).toEqual([4, 3, 5, 2]);
    expect(vocabulary.encode(['hund'], { eos: false })).toEqual([5]);
    expect(vocabulary.decode([0, 4, 3, 5, 2, 4, 1])).toEqual(['ein', '<unk>', 'hund']);
  });

  it('encodeKnown names what the vocabulary lacks', () => {
    expect(vocabulary.encodeKnown(['ein', 'hund'])).toEqual([4, 5, 2]);
    expect(() => vocabulary.encodeKnown(['ein', '中', '中', '<unk>'], 'the target')).toThrow(
      new TextError(
        'UNKNOWN_SYMBOL',
        'Expected the target to consist of the 6 symbols of this vocabulary; it has none for "中", "<unk>". Use characters that the training text had.',
      ),
    );
  });

  it('refuses a number beyond the vocabulary', () => {
    expect(() => vocabulary.decode([4, 6])).toThrow('expected numbers from 0 to 5, received 6');
  });

  it('has a hash that another order changes', () => {
    const [first, second] = [['ein', 1] as const, ['hund', 1] as const];
    expect(new Vocabulary([first, second]).hash()).toBe(vocabulary.hash());
    expect(new Vocabulary([second, first]).hash()).not.toBe(vocabulary.hash());
  });
});

describe('dict.txt', () => {
  it('is read as fairseq writes it, and written the same', () => {
    const path = join(folder, 'dict.txt');
    writeFileSync(path, ', 100\nhund@@ 7\nmadeupword0000 0\n');
    const vocabulary = readVocabulary(path);
    expect(vocabulary.symbols.slice(4)).toEqual([',', 'hund@@', 'madeupword0000']);
    expect(formatVocabulary(vocabulary)).toBe(', 100\nhund@@ 7\nmadeupword0000 0\n');
  });

  it.each([
    ['', 'Expected dict to hold symbols; it has none.'],
    ['a 1\nb\n', 'Expected line 2 of dict to be a symbol and its count, found "b".'],
    ['a 1\nb -3\n', 'Expected line 2 of dict to be a symbol and its count, found "b -3".'],
    ['a 1\na 2\n', 'Expected line 2 of dict to be a new symbol; "a" is there already.'],
    ['</s> 2\n', 'Expected line 1 of dict to be a new symbol; "</s>" is there already.'],
    [Uint8Array.of(0xc3, 10), 'Expected dict to be UTF-8; line 1 is not.'],
  ])('%j is refused in one sentence', (text, message) => {
    expect(() => parseVocabulary(text, 'dict')).toThrow(new TextError('INVALID_FILE', message));
  });

  it('names a file that is absent or a folder', () => {
    expect(() => readVocabulary(join(folder, 'none'))).toThrow(/^Cannot read .*none: there is no such file\.$/);
    expect(() => readVocabulary(folder)).toThrow(/it is a folder\.$/);
  });

  it('damaged 2,000 times is read to what it says, or refused in one sentence', () => {
    const original = new TextEncoder().encode('der 500\n, 300\nhünd@@ 20\n&apos; 3\nmadeupword0000 0\n');
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const random = new RandomNumbers(i, 'dict');
      const bytes = original.slice(0, random.int(4) === 0 ? random.int(original.length) : undefined);
      for (let n = random.int(4); n > 0 && bytes.length > 0; n--) bytes[random.int(bytes.length)] = random.int(256);
      try {
        const vocabulary = parseVocabulary(bytes, 'dict');
        expect(parseVocabulary(formatVocabulary(vocabulary)).symbols).toEqual(vocabulary.symbols);
      } catch (error) {
        expect(error).toBeInstanceOf(TextError);
        expect((error as TextError).message).not.toMatch(/\n/);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
    expect(refused).toBeLessThan(1900);
  });
});
