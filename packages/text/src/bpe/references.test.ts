/** subword-nmt's own files, byte for byte: merges learned and applied. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BpeEncoder, decodeBpe, formatMerges, learnMerges, readMerges } from './index.js';

const data = process.env.EDITABLE_DATA ?? join(import.meta.dirname, '../../../../../shared/data');
const references = join(data, 'translation-references');
const iwslt = join(data, 'iwslt14-de-en');
if (!existsSync(references))
  console.warn(`Skipped: subword-nmt's merges are compared with ${references}, which is absent.`);
if (!existsSync(iwslt)) console.warn(`Skipped: IWSLT14's symbols are compared with ${iwslt}, which is absent.`);

const lines = (...path: readonly string[]): string[] =>
  readFileSync(join(...path), 'utf8')
    .trimEnd()
    .split('\n');
const tokens = (split: string, language: string): string[] =>
  lines(data, 'multi30k/tok', `${split}.lc.norm.tok.${language}`);

describe("subword-nmt's files", () => {
  it.skipIf(!existsSync(references))('are learned: 4,000 joint merges of Multi30k, German first', () => {
    const merges = learnMerges([...tokens('train', 'de'), ...tokens('train', 'en')], { merges: 4000 });
    expect(formatMerges(merges)).toBe(readFileSync(join(references, 'multi30k.bpe4000.code'), 'utf8'));
  });

  it.skipIf(!existsSync(references)).each(['de', 'en'])("are applied to Multi30k's test set in %s", (language) => {
    const encoder = new BpeEncoder(readMerges(join(references, 'multi30k.bpe4000.code')));
    const encoded = tokens('test_2016_flickr', language).map((line) => encoder.encode(line));
    expect(encoded).toEqual(lines(references, `multi30k.test2016.bpe4000.${language}`));
    expect(encoded.map((line) => decodeBpe(line))).toEqual(tokens('test_2016_flickr', language));
  });

  it.skipIf(!existsSync(iwslt)).each(['valid.de', 'valid.en', 'test.de', 'test.en'])(
    "are applied to IWSLT14's %s",
    (file) => {
      const encoder = new BpeEncoder(readMerges(join(iwslt, 'bpe10k/code')));
      const tokenized = readFileSync(join(iwslt, 'tokenized', file), 'utf8');
      const encoded = tokenized
        .split('\n')
        .map((line) => encoder.encode(line))
        .join('\n');
      expect(encoded).toBe(readFileSync(join(iwslt, 'bpe10k', file), 'utf8'));
      expect(
        encoded
          .split('\n')
          .map((line) => decodeBpe(line))
          .join('\n'),
      ).toBe(tokenized);
    },
  );
});
