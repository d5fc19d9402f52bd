import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cleanCorpus } from './clean-corpus.js';
import { TextError } from './errors.js';
import { parseParallelText, readParallelSplit } from './parallel-text.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-parallel-'));
afterAll(() => rmSync(folder, { recursive: true }));

const parse = (source: string | Uint8Array, target: string | Uint8Array, options = {}): unknown =>
  parseParallelText({ name: 'train.de', text: source }, { name: 'train.en', text: target }, options);

describe('parallel text', () => {
  it('is read line by line, with \\r\\n, a byte order mark and no last line break', () => {
    expect(parse('\ufeffein hund\r\neine katze\r\n', 'a dog\na cat')).toEqual([
      { source: 'ein hund', target: 'a dog' },
      { source: 'eine katze', target: 'a cat' },
    ]);
  });

  it('is cut at line feeds only, not at the separators that Unicode has', () => {
    expect(parse('ein\u2028hund\u0085x\n', 'a\vdog\n')).toEqual([{ source: 'ein\u2028hund\u0085x', target: 'a\vdog' }]);
  });

  it.each([
    ['a\nb\n', 'a\n', 'Expected train.de and train.en to have as many lines as each other; they have 2 and 1.'],
    ['a\n\nb\n', 'a\nb\nc\n', 'Expected line 2 of train.de to be a sentence; it is empty. Remove it from both files.'],
    ['a\n', ' \t\n', 'Expected line 1 of train.en to be a sentence; it is empty. Remove it from both files.'],
    ['', 'a\n', 'Expected train.de to hold sentences; it is empty.'],
    [Uint8Array.of(97, 10, 98, 0xe4, 10, 99, 10), 'a\nb\nc\n', 'Expected train.de to be UTF-8; line 2 is not.'],
    [
      `a\n${'wort '.repeat(10_000)}\n`,
      'a\nb\n',
      'Expected line 2 of train.de to be a sentence of at most 1000 words; it has 10000. Cut it, or leave it out of both files.',
    ],
  ])('case %#: is refused in one sentence', (source, target, message) => {
    expect(() => parse(source, target)).toThrow(new TextError('INVALID_FILE', message));
  });

  it('keeps empty lines when asked', () => {
    expect(parse('a\n\n', 'a\nb\n', { allowEmpty: true })).toHaveLength(2);
  });

  it('is found by split and languages, and a missing file is named', () => {
    writeFileSync(join(folder, 'train.de'), 'ein hund\n');
    writeFileSync(join(folder, 'train.en'), 'a dog\n');
    expect(readParallelSplit(folder, 'train', 'de', 'en')).toEqual([{ source: 'ein hund', target: 'a dog' }]);
    expect(() => readParallelSplit(folder, 'train', 'de', 'fr')).toThrow(
      /^Cannot read .*train\.fr: there is no such file/,
    );
  });
});

describe('cleanCorpus', () => {
  const words = (count: number): string => Array.from({ length: count }, () => 'x').join(' ');
  const pair = (source: number, target: number): { source: string; target: string } => ({
    source: words(source),
    target: words(target),
  });

  it('keeps 1 to 175 tokens whose lengths differ by at most half, and counts what goes', () => {
    const { pairs, ...left } = cleanCorpus([
      pair(0, 3),
      pair(2, 3),
      pair(3, 2),
      pair(2, 4),
      pair(175, 175),
      pair(176, 170),
      { source: ' a  b ', target: 'c d' },
    ]);
    expect(pairs).toEqual([pair(2, 3), pair(3, 2), pair(175, 175), { source: 'a b', target: 'c d' }]);
    expect(left).toEqual({ tooShort: 1, tooLong: 1, unlike: 1 });
  });

  it('takes other bounds and refuses those that are none', () => {
    expect(cleanCorpus([pair(2, 9)], { maxRatio: 5 }).pairs).toHaveLength(1);
    expect(() => cleanCorpus([], { maxRatio: 0.5 })).toThrow('cleanCorpus: expected maxRatio from 1, received 0.5.');
    expect(() => cleanCorpus([], { minLength: 0 })).toThrow('expected minLength to be a whole number from 1');
  });
});
