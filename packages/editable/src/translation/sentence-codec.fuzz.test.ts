/** Sentences of any characters, and damaged files: what comes back is usable, or one sentence says why not. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TextError } from '@editable/text';
import { afterAll, describe, expect, it } from 'vitest';
import { readParallelCorpus } from '../data/parallel-corpus.js';
import { type RandomStream, stream } from '../data/random.js';
import { EditableError } from '../errors.js';
import { codecFiles, loadCodec, SentenceCodec, saveCodec, type TextSettings } from './sentence-codec.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-codec-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pairs = [
  { source: 'Zwei Hunde rennen über die grüne Wiese.', target: 'Two dogs run across the green meadow.' },
  { source: 'Ein Mann, der „müde“ ist, schläft.', target: "A man who is 'tired' sleeps." },
  { source: 'Die Frau kauft 3,5 kg Äpfel & Birnen.', target: 'The woman buys 3.5 kg of apples & pears.' },
];
const settings: TextSettings = { source: 'de', target: 'en', tokenization: 'moses', lowercase: true, merges: 40 };

/** Letters, marks, markup that tokenizers escape, white space of all kinds, lone surrogates, symbols of the vocabulary. */
const pieces = [
  ...[
    'Hund',
    'über',
    'ß',
    'İ',
    'e\u0301',
    '中文',
    '👩‍👩‍👧',
    '\ud800',
    '\udc00',
    '@@',
    '@-@',
    '</s>',
    '<unk>',
    '<s>',
    '&amp;',
    '&quot;',
  ],
  ...[
    '|',
    '[',
    ']',
    "'",
    '"',
    '...',
    '.',
    ',',
    '1,000',
    'z.B.',
    ' ',
    '\u00a0',
    '\u2028',
    '\t',
    '\u0000',
    '\u200b',
    '\ufeff',
    'http://a.b',
  ],
];

const anySentence = (random: RandomStream): string =>
  Array.from({ length: random.int(12) }, () =>
    random.int(4) === 0
      ? String.fromCodePoint(random.int(0x110000))
      : `${pieces[random.int(pieces.length)]}${random.int(2) === 0 ? ' ' : ''}`,
  ).join('');

function damaged(bytes: Uint8Array, random: RandomStream): Uint8Array {
  const changed = Uint8Array.from(bytes);
  for (let i = 0; i <= random.int(3); i++) changed[random.int(changed.length)] = random.int(256);
  const at = random.int(changed.length);
  const cut = random.int(4);
  if (cut === 0) return changed.subarray(0, at);
  return cut === 1 ? Uint8Array.from([...changed.subarray(0, at), 10, ...changed.subarray(at)]) : changed;
}

/** What it gives, or undefined where it refuses in one sentence. */
function tried<Result>(use: () => Result): Result | undefined {
  try {
    return use();
  } catch (error) {
    expect(error instanceof EditableError || error instanceof TextError, String(error)).toBe(true);
    const { message } = error as Error;
    expect(message).toMatch(/\.$/);
    expect(message).not.toMatch(/undefined|NaN|\[object/);
    expect(message.length).toBeLessThan(1000);
    return undefined;
  }
}

describe('SentenceCodec', () => {
  it.each(['moses', 'none'] as const)(
    'encodes any sentence to numbers that decode, with tokenization %s',
    (tokenization) => {
      const codec = SentenceCodec.learn({ ...settings, tokenization }, pairs);
      const random = stream(1, 'sentences', tokenization);
      for (let i = 0; i < 3000; i++) {
        const sentence = anySentence(random);
        for (const side of ['source', 'target'] as const) {
          const tokens = codec.encode(sentence, side);
          expect(tokens.at(-1), JSON.stringify(sentence)).toBe(codec.vocabularies.source.eos);
          // No sentence may end before its end, or hold what a model takes for padding.
          const inside = tokens.slice(0, -1);
          expect(
            inside.some((token) => token < 3 || token >= codec.vocabularies.source.size),
            JSON.stringify(sentence),
          ).toBe(false);
          expect(typeof codec.decode(tokens)).toBe('string');
          const known = tried(() => codec.encodeKnown(sentence, side));
          expect(known === undefined).toBe(tokens.includes(codec.vocabularies.source.unknown));
        }
      }
    },
  );

  it('reads merges and vocabulary as they were written, or refuses them', () => {
    const codec = SentenceCodec.learn(settings, pairs);
    const run = join(folder, 'run');
    mkdirSync(run);
    saveCodec(run, codec);
    const whole = Object.values(codecFiles).map((name) => [join(run, name), readFileSync(join(run, name))] as const);
    const random = stream(2, 'files');
    let refused = 0;
    for (let i = 0; i < 600; i++) {
      const [path, bytes] = whole[random.int(2)]!;
      writeFileSync(path, damaged(bytes, random));
      const found = tried(() => loadCodec(run, settings, codec.hashes));
      if (found === undefined) refused += 1;
      else expect(found.hashes).toEqual(codec.hashes);
      writeFileSync(path, bytes);
    }
    expect(refused).toBeGreaterThan(400);
    expect(loadCodec(run, settings, codec.hashes).encode(pairs[0]!.source, 'source')).toEqual(
      codec.encode(pairs[0]!.source, 'source'),
    );
  });
});

describe('readParallelCorpus', () => {
  it('gives pairs of sentences or refuses damaged files', () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    const files = ['train', 'valid'].flatMap((split) =>
      (['source', 'target'] as const).map((side) => {
        const path = join(data, `${split}.${settings[side]}`);
        const bytes = Buffer.from(pairs.map((pair) => `${pair[side]}\n`).join(''));
        writeFileSync(path, bytes);
        return [path, bytes] as const;
      }),
    );
    const random = stream(3, 'corpus');
    let refused = 0;
    for (let i = 0; i < 600; i++) {
      const [path, bytes] = files[random.int(files.length)]!;
      writeFileSync(path, damaged(bytes, random));
      const corpus = tried(() => readParallelCorpus(data, settings));
      if (corpus === undefined) refused += 1;
      else
        for (const { source, target } of [...corpus.train, ...corpus.valid])
          expect(Math.min(source.trim().length, target.trim().length)).toBeGreaterThan(0);
      writeFileSync(path, bytes);
    }
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(600);
  });
});
