/** A repair of a translation, or many, as people read them: before and after, and what else changed, word by word. */
import { formatWordDiff } from '@editable/text';
import type {
  ChangedSentence,
  TranslationMistakesDocument,
  TranslationRepairDocument,
  TranslationRepairSetDocument,
} from '@editable/workspace';
import { count, duration, percent, plural } from '../console/numbers.js';
import { facts } from '../console/table.js';
import { describeEditor, describeLayers } from './editor-text.js';
import { fileSize } from './file-size.js';
import { bleu, signedBleu } from './translation-evaluation-text.js';

/** Sentences listed in the terminal; the JSON document has all. */
const shown = 10;

export function describeTranslationRepair(document: TranslationRepairDocument): string {
  const { success, steps, best, patch, changes, sentences, editor, generality, unseenViews, unknown } = document;
  const outcome = success
    ? 'success: true'
    : `success: false, other translations are still likelier after ${steps} steps`;
  const effect =
    steps === 0
      ? 'nothing: no other translation is likelier as it is, no patch is needed'
      : `${count(changes.length)} of ${count(sentences)} test sentences; BLEU ${bleu(document.bleuBefore)} → ${bleu(document.bleuAfter)} (drawdown ${signedBleu(document.bleuDrawdown)})`;
  const head = facts([
    ['edit', `${outcome}, ${plural(steps, 'step')} in ${document.editSeconds.toFixed(2)} s`],
    ['source', `${document.source}${unknown > 0 ? ` (${plural(unknown, 'symbol')} of it not known)` : ''}`],
    ['wanted', document.target],
    ['before', document.before],
    ['after', best ? document.after : `${formatWordDiff(document.diff)} (beam search still prefers it)`],
    ['else changed', effect],
    [
      'generality',
      generality === null
        ? 'the sentence has no other forms'
        : `${Math.round(generality * unseenViews)} of ${unseenViews} unseen forms of the source follow`,
    ],
    ['editor', `${describeEditor(editor)} on ${describeLayers(editor.layers)}`],
    ['patch', patch === null ? 'none written' : `${patch} (${fileSize(patch)})`],
  ]);
  const others = changes.filter(({ source }) => source !== document.source);
  return others.length === 0 ? head : `${head}\n${changedLines(others)}`;
}

const changedLines = (changes: readonly ChangedSentence[]): string =>
  [
    ...changes.slice(0, shown).map(({ index, diff }) => `  ${index}: ${formatWordDiff(diff)}`),
    ...(changes.length > shown ? [`  and ${changes.length - shown} more`] : []),
  ].join('\n');

export function describeTranslationRepairSet(document: TranslationRepairSetDocument): string {
  const { repairs, inForce, bestRate, records, sentences, changed, editor, patch } = document;
  const way = document.atOnce ? 'at once' : 'one after another';
  const missing = records.filter(({ best }) => !best);
  return [
    facts([
      ['repairs', `${count(repairs)} ${way}, ${percent(inForce, 1)} in force: no alternative beats the target`],
      ['  translated', `${percent(bestRate, 1)}: beam search gives the target`],
      [
        'BLEU',
        `${bleu(document.bleuBefore)} → ${bleu(document.bleuAfter)} (drawdown ${signedBleu(document.bleuDrawdown)}) on the ${count(sentences)} test sentences that are not repaired`,
      ],
      ['changed', `${count(changed)} of them are translated otherwise`],
      ['time', duration(document.seconds)],
      ['editor', `${describeEditor(editor)} on ${describeLayers(editor.layers)}`],
      ['patch', patch === null ? 'none written: nothing had to change' : `${patch} (${fileSize(patch)})`],
    ]),
    ...(missing.length === 0 ? [] : [`Not translated as wanted (${plural(missing.length, 'sentence')}):`]),
    ...missing.slice(0, shown).map(({ source, target }) => `  ${source} → ${target}`),
    ...(missing.length > shown ? [`  and ${missing.length - shown} more`] : []),
  ].join('\n');
}

export function describeTranslationMistakes(
  { mistakes, sentences, split, bleu: score }: TranslationMistakesDocument,
  limit: number,
): string {
  const head = `BLEU ${bleu(score)} on ${count(sentences)} ${split} sentences; ${count(mistakes.length)} are not translated as the reference has it, the least like it first:`;
  const lines = mistakes
    .slice(0, limit)
    .flatMap(({ index, source, reference, translation, bleu: own }) => [
      `${index}  BLEU ${own.toFixed(1)}`,
      `    source       ${source}`,
      `    translation  ${translation}`,
      `    reference    ${reference}`,
    ]);
  const more = mistakes.length > limit ? [`and ${count(mistakes.length - limit)} more`] : [];
  return [head, ...lines, ...more].join('\n');
}
