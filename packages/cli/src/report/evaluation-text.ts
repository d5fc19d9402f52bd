/** An evaluation as people read it, with how each number was had. */
import type { Evaluation } from 'editable';
import { count, duration, percent, percentInterval, signedPercent } from '../console/numbers.js';
import { facts } from '../console/table.js';
import { describeEditor, describeLayers } from './editor-text.js';

export function describeEvaluation(evaluation: Omit<Evaluation, 'records'>): string {
  const { drawdown, drawdownInterval, drawdownAbsolute, editor, edits, flips, testImages } = evaluation;
  return facts([
    ['test error', percent(evaluation.testError)],
    ['drawdown', `${signedPercent(drawdown)} (95 % interval ${percentInterval(drawdownInterval)})`],
    ['  absolute', `${percent(drawdownAbsolute)}, ${flips.toFixed(1)} predictions flipped an edit`],
    ['  negative', `${percent(evaluation.negativeFlipRate)} of the images were right and turn wrong`],
    ['success', percent(evaluation.successRate, 1)],
    ['steps', `${evaluation.meanSteps.toFixed(2)} of at most ${editor.maxSteps}`],
    ['generality', `${percent(evaluation.generality, 1)} of augmented views follow the edit`],
    ['editor', `${describeEditor(editor)} on ${describeLayers(editor.layers)}`],
    [
      'measured',
      `${count(edits)} edits (${evaluation.targets} targets) on ${count(testImages)} test images${sampling(evaluation)}, seed ${evaluation.seed}, ${duration(evaluation.seconds)}`,
    ],
  ]);
}

/** How it was sampled, where it was. */
export const sampling = ({ samplingError, meanJudged }: Omit<Evaluation, 'records'>): string =>
  samplingError === 0
    ? ''
    : ` by samples of ${count(Math.round(meanJudged))} an edit (± ${percent(samplingError)} from sampling)`;
