/** A picture and its repair as people read them in a terminal. */
import type { Picture, Prediction, Repair } from '@editable/workspace';
import { count, percent, plural, signedPercent } from '../console/numbers.js';
import { facts, table } from '../console/table.js';
import { describeEditor, describeLayers } from './editor-text.js';
import { fileSize } from './file-size.js';

/** Flips listed in the terminal; the JSON document and the HTML report have more. */
const shownFlips = 10;

export function describePicture({ index, file, truth, resizedFrom }: Picture, classes: readonly string[]): string {
  const what = index === null ? (file as string) : `test image ${index}`;
  const scaled = resizedFrom === null ? '' : `, scaled from ${resizedFrom[1]}×${resizedFrom[0]}`;
  return truth === null ? `${what}${scaled}` : `${what}, labelled ${classes[truth]}`;
}

export function describeRepair(done: Repair, classes: readonly string[]): string {
  const { document, others } = done;
  const { success, steps, target, before, after, editor, testImages, patch } = document;
  const outcome = success ? 'success: true' : `success: false, the target was not reached in ${steps} steps`;
  const effect =
    steps === 0
      ? 'nothing: the model says so already, no patch is needed'
      : `${predictions(done)} of ${count(testImages)}; test error ${percent(document.errorBefore)} → ${percent(document.errorAfter)} (${drawdownOf(document)})`;
  const head = facts([
    ['edit', `${outcome}, ${plural(steps, 'step')} in ${document.editSeconds.toFixed(2)} s`],
    ['wanted', `${target.name} (${target.label})`],
    ['before', describePrediction(before)],
    ['after', describePrediction(after)],
    ['else changed', effect],
    [
      'generality',
      `${Math.round(document.generality * document.unseenViews)} of ${document.unseenViews} unseen views follow`,
    ],
    ['editor', `${describeEditor(editor)} on ${describeLayers(editor.layers)}`],
    ['patch', patch === null ? 'none written' : `${patch} (${fileSize(patch)})`],
  ]);
  return others.length === 0 || !success ? head : `${head}\n${flipsTable(others, classes)}`;
}

const predictions = ({ document, others }: Repair): string =>
  isSample(document) ? `about ${plural(document.flips, 'prediction')}` : plural(others.length, 'prediction');

const drawdownOf = (document: Repair['document']): string =>
  isSample(document)
    ? `${signedPercent(document.drawdown)} ± ${percent(1.96 * document.standardError)}, from ${count(document.judged)} images`
    : signedPercent(document.drawdown);

const isSample = ({ judged, testImages }: Repair['document']): boolean => judged < testImages;

const describePrediction = ({ name, label, probability }: Prediction): string =>
  `${name} (${label}), ${percent(probability, 1)}`;

function flipsTable(flips: Repair['others'], classes: readonly string[]): string {
  const rows = flips
    .slice(0, shownFlips)
    .map(({ index, label, before, after }) => [
      String(index),
      classes[label] ?? String(label),
      classes[before] ?? String(before),
      classes[after] ?? String(after),
      after === label ? 'better' : before === label ? 'worse' : '',
    ]);
  const drawn = table(rows, { head: ['Test image', 'Is', 'Before', 'After', ''], right: [0] });
  return flips.length > shownFlips ? `${drawn}\nand ${flips.length - shownFlips} more` : drawn;
}
