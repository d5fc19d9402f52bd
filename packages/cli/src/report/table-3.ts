/** Models side by side in the form of the paper's Table 3. */
import type { Evaluation } from 'editable';
import { percent, percentInterval, signedPercent } from '../console/numbers.js';
import { describeLayers } from './editor-text.js';

export interface Table3Row {
  readonly procedure: string;
  readonly evaluation: Omit<Evaluation, 'records'>;
}

export const table3Head: readonly string[] = [
  'Training procedure',
  'Editor',
  'Layers',
  'Test error',
  'Drawdown (95 % interval)',
  'Generality',
  'Success',
  'Steps',
];

/** The columns that hold numbers. */
export const table3Numbers: readonly number[] = [3, 4, 5, 6, 7];

export const table3Cells = ({ procedure, evaluation }: Table3Row): string[] => [
  procedure,
  editorWords(evaluation.editor),
  describeLayers(evaluation.editor.layers),
  percent(evaluation.testError),
  `${signedPercent(evaluation.drawdown)} (${percentInterval(evaluation.drawdownInterval)})`,
  percent(evaluation.generality, 0),
  percent(evaluation.successRate, 1),
  evaluation.meanSteps.toFixed(2),
];

/** The editor, with the views that its repairs were asked to hold on. */
export const editorWords = ({ name, views = 0 }: Evaluation['editor']): string =>
  views === 0 ? name : `${name}, ${views} views`;
