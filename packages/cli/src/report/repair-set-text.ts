/** Many repairs as people read them in a terminal: what they cost as they went, and what could not be had. */
import type { NamedRepair, RepairSetDocument } from '@editable/workspace';
import { count, duration, percent, plural, signedPercent } from '../console/numbers.js';
import { facts, table } from '../console/table.js';
import { describeEditor, describeLayers } from './editor-text.js';
import { fileSize } from './file-size.js';

/** Repairs not in force and conflicts that are listed; the JSON document has all. */
const shown = 10;

export function describeRepairSet(document: RepairSetDocument): string {
  const { repairs, notInForce, errorBefore, errorAfter, testImages, editor, generality, patch } = document;
  const way = document.atOnce ? 'at once' : 'one after another';
  return [
    curveTable(document),
    facts([
      [
        'repairs',
        `${count(repairs)} ${way}, ${count(repairs - notInForce.length)} in force (${percent(document.inForce, 1)})`,
      ],
      [
        'test error',
        `${percent(errorBefore)} → ${percent(errorAfter)} (${signedPercent(errorAfter - errorBefore)}) on the ${count(testImages)} test images judged, none of them repaired`,
      ],
      [
        'flips',
        `${count(document.flips)} predictions, of them ${count(document.negativeFlips)} right before and wrong now`,
      ],
      ...(generality === null
        ? []
        : [['generality', `${percent(generality, 1)} of unseen views of the pictures in force follow`] as const]),
      [
        'steps',
        `${count(document.steps)}, ${document.meanSteps.toFixed(2)} a repair, ${duration(document.solveSeconds)}; with the judging ${duration(document.seconds)}`,
      ],
      ['editor', `${describeEditor(editor)} on ${describeLayers(editor.layers)}`],
      ['patch', patch === null ? 'none written: nothing had to change' : `${patch} (${fileSize(patch)})`],
    ]),
    ...conflictLines(document),
    ...notInForceLines(document),
  ].join('\n');
}

const curveTable = ({ curve, errorBefore }: RepairSetDocument): string =>
  table(
    curve.map(({ repairs, error, inForce, flips, negativeFlips }) => [
      count(repairs),
      percent(inForce, 1),
      percent(error),
      signedPercent(error - errorBefore),
      count(flips),
      count(negativeFlips),
    ]),
    {
      head: ['Repairs', 'In force', 'Error on others', 'Drawdown', 'Flips', 'Right to wrong'],
      right: [0, 1, 2, 3, 4, 5],
    },
  );

const conflictLines = ({ conflicts }: RepairSetDocument): readonly string[] =>
  listed(conflicts, ([a, b]) => conflictSentence(a, b));

/** "test image 12 cannot be Sneaker and Bag at once." */
export const conflictSentence = (a: NamedRepair, b: NamedRepair): string =>
  a.name === b.name
    ? `${a.name} cannot be ${a.target.name} and ${b.target.name} at once.`
    : `${asked(a)} and ${asked(b)} cannot hold together.`;

const notInForceLines = ({ notInForce }: RepairSetDocument): readonly string[] =>
  notInForce.length === 0
    ? []
    : [`Not in force (${plural(notInForce.length, 'repair')}):`, ...listed(notInForce, (each) => `  ${asked(each)}`)];

const asked = ({ name, target }: NamedRepair): string => `${name} as ${target.name}`;

const listed = <Item>(items: readonly Item[], line: (item: Item) => string): readonly string[] => [
  ...items.slice(0, shown).map(line),
  ...(items.length > shown ? [`and ${items.length - shown} more`] : []),
];
