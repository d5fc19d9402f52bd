/** An evaluation of a translation model's edits as people read it. */
import type { TranslationEvaluationDocument } from '@editable/workspace';
import { count, duration, percent } from '../console/numbers.js';
import { facts } from '../console/table.js';
import { describeEditor, describeLayers } from './editor-text.js';

export const bleu = (score: number): string => score.toFixed(2);

/** BLEU lost, with a sign: 0.05 → "+0.05", that is worse by 0.05. */
export const signedBleu = (change: number): string => `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(2)}`;

export function describeTranslationEvaluation(document: TranslationEvaluationDocument): string {
  const { bleuDrawdown, bleuDrawdownInterval, samplingError, meanJudged, editor, edits, sentences } = document;
  const [low, high] = bleuDrawdownInterval.map((each) => each.toFixed(2).replace('-', '−')) as [string, string];
  const sampled =
    samplingError === 0
      ? ''
      : ` by samples of ${count(Math.round(meanJudged))} an edit (± ${samplingError.toFixed(2)} BLEU from sampling)`;
  return facts([
    ['BLEU', bleu(document.bleu)],
    ['drawdown', `${signedBleu(bleuDrawdown)} BLEU (95 % interval ${low} to ${high})`],
    ['  changed', `${percent(document.changed, 1)} of the test sentences are translated otherwise after an edit`],
    [
      'success',
      `${percent(document.successRate, 1)}: no alternative of the beam of ${document.alternatives} beats the target`,
    ],
    ['  translated', `${percent(document.bestRate, 1)}: beam search gives the target`],
    ['steps', `${document.meanSteps.toFixed(2)} of at most ${editor.maxSteps}`],
    ['generality', `${percent(document.generality, 1)} of noised sources follow the edit`],
    ['editor', `${describeEditor(editor)} on ${describeLayers(editor.layers)}`],
    [
      'measured',
      `${count(edits)} edits (${document.targets} targets) on ${count(sentences)} test sentences${sampled}, beam ${document.beam}, seed ${document.seed}, ${duration(document.seconds)}`,
    ],
  ]);
}
