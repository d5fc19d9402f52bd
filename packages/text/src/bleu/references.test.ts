/** sacreBLEU's own scores of damaged references: every row of its record, to 1e-6. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BleuSmoothing, type BleuTokenizer, corpusBleu, sentenceBleu } from './index.js';

interface Row {
  readonly hypotheses: string;
  readonly tokenize: BleuTokenizer;
  readonly lowercase: boolean;
  readonly smooth: BleuSmoothing;
  readonly score: number;
  readonly precisions: readonly number[];
  readonly bp: number;
  readonly sysLen: number;
  readonly refLen: number;
  readonly sentence?: readonly number[];
}

const data = process.env.EDITABLE_DATA ?? join(import.meta.dirname, '../../../../../shared/data');
const folder = join(data, 'translation-references');
const isThere = existsSync(folder);
if (!isThere) console.warn(`Skipped: sacreBLEU's scores are in ${folder}, which is absent.`);

const lines = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');
const record = isThere
  ? (JSON.parse(readFileSync(join(folder, 'bleu.json'), 'utf8')) as {
      scores: Row[];
      references: Record<string, string>;
    })
  : { scores: [], references: {} };

// A file needs a test, also one that is skipped.
if (!isThere) it.todo("sacreBLEU's scores are compared where they are");

describe.each(Object.entries(record.references))("sacreBLEU's scores of %s", (name, file) => {
  const hypotheses = lines(join(folder, `hypotheses.${name}.en`));
  const references = lines(join(folder, file));
  const rows = record.scores.filter((row) => row.hypotheses === name);

  it.each(rows.filter((row) => !row.sentence))('$tokenize, lower case $lowercase, smoothing $smooth', (row) => {
    const { tokenize: tokenizer, lowercase, smooth: smoothing } = row;
    const bleu = corpusBleu(hypotheses, references, { tokenizer, lowercase, smoothing });
    expect(Math.abs(bleu.score - row.score)).toBeLessThan(1e-6);
    bleu.precisions.forEach((precision, n) => {
      expect(Math.abs(precision - row.precisions[n]!)).toBeLessThan(1e-6);
    });
    expect(Math.abs(bleu.brevityPenalty - row.bp)).toBeLessThan(1e-6);
    expect([bleu.hypothesisLength, bleu.referenceLength]).toEqual([row.sysLen, row.refLen]);
  });

  it('of single sentences', () => {
    const [scores] = rows.flatMap(({ sentence }) => (sentence ? [sentence] : []));
    expect(scores!.length).toBe(50);
    scores!.forEach((score, i) => {
      expect(Math.abs(sentenceBleu(hypotheses[i]!, references[i]!).score - score), `sentence ${i}`).toBeLessThan(1e-6);
    });
  });
});
