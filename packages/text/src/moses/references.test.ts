/** Moses' own output, byte for byte: 36 hard sentences, and the whole of Multi30k. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detokenize, type Language, lowercase, normalizePunctuation, tokenize } from './index.js';

const data = process.env.EDITABLE_DATA ?? join(import.meta.dirname, '../../../../../shared/data');
const references = join(data, 'translation-references');
const multi30k = join(data, 'multi30k');
if (!existsSync(references)) console.warn(`Skipped: Moses' output is compared with ${references}, which is absent.`);
if (!existsSync(multi30k)) console.warn(`Skipped: Multi30k's tokens are compared with ${multi30k}, which is absent.`);

const read = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8');
const eachLine = (text: string, use: (line: string) => string): string =>
  text
    .split('\n')
    .map((line, i, lines) => (i === lines.length - 1 ? line : use(line)))
    .join('\n');

describe.each<Language>(['de', 'en'])('Moses in %s', (language) => {
  const file = (kind: string): string => read(references, `sentences${kind}.${language}`);

  it.skipIf(!existsSync(references)).each([
    ['.tok', '', (line: string) => tokenize(line, { language })],
    ['.tok-no-escape', '', (line: string) => tokenize(line, { language, escape: false })],
    ['.tok.lc', '.tok', lowercase],
    ['.norm', '', (line: string) => normalizePunctuation(line, { language })],
    ['.detok', '.tok', (line: string) => detokenize(line, { language })],
  ])('writes sentences%s of sentences%s', (to, from, use) => {
    expect(eachLine(file(from), use)).toBe(file(to));
  });

  it.skipIf(!existsSync(multi30k)).each(['train', 'val', 'test_2016_flickr'])(
    "writes Multi30k's tokens of %s",
    (split) => {
      const raw = read(multi30k, 'raw', `${split}.${language}`);
      const options = { language, keepFinalAbbreviations: true };
      const tokens = eachLine(raw, (line) => tokenize(normalizePunctuation(lowercase(line), options), options));
      expect(tokens).toBe(read(multi30k, 'tok', `${split}.lc.norm.tok.${language}`));
    },
  );
});
