/** Models side by side in the form of the paper's Table 3. */
import type { Evaluation } from 'editable';
import { percent, percentInterval, signedPercent } from '../console/numbers.js';
import { describeLayers } from '../editor-choice.js';

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
  'Success',
  'Steps',
];

/** The columns that hold numbers. */
export const table3Numbers: readonly number[] = [3, 4, 5, 6];

export const table3Cells = ({ procedure, evaluation }: Table3Row): string[] => [
  procedure,
  evaluation.editor.name,
  describeLayers(evaluation.editor.layers),
  percent(evaluation.testError),
  `${signedPercent(evaluation.drawdown)} (${percentInterval(evaluation.drawdownInterval)})`,
  percent(evaluation.successRate, 1),
  evaluation.meanSteps.toFixed(2),
];
