/**
 * What the paper concludes from its Table 3. Editable Training is compared with plain training under the same editor on the
 * same layers; where a claim compares others, its text or its verdict says so.
 */
import { named, repairFigures } from '../shared/claims.js';
import type { Claim, NamedRow, Verdict } from '../shared/experiment.js';
import type { RepairRow } from '../shared/repair-row.js';

type Row = NamedRow<RepairRow>;

/** Near enough that the paper would call the errors equal: its own differ by up to 0.04 points, on a larger network. */
const equalError = 0.005;

export const claims: readonly Claim<RepairRow>[] = [
  {
    text: 'Editable Training has less than half the drawdown of plain training at about the same test error, both edited by RMSProp on chain 3.',
    holds: (rows) =>
      halfOf(
        rows,
        plainRows(rows).filter((row) => named(rows, ['plain-rmsprop'])?.every((chain) => isSameEdit(row, chain))),
      ),
  },
  {
    text: 'An extra layer has less than half the drawdown with Editable Training that the same layer has without, at about the same test error (section 4.3).',
    holds: (rows) =>
      halfOf(
        rows,
        plainRows(rows).filter(({ layers }) => layers === 'extra'),
      ),
  },
  {
    text: "Editable Training has at most 0.4 times the drawdown of the best row without it that one of the paper's editors makes, whatever that edits (beyond the paper).",
    holds: (rows) => {
      const plain = leastDrawdown(plainRows(rows));
      const editable = leastDrawdown(editableRows(rows));
      if (plain === undefined || editable === undefined) return null;
      return { holds: ratio(editable, plain) <= 0.4, because: compared(editable, plain) };
    },
  },
  {
    text: 'A larger c_loc means less drawdown and more test error.',
    holds: (rows) => {
      const [less, more] = byWeight(rows);
      if (less === undefined || more === undefined) return null;
      const holds = more.drawdown < less.drawdown && more.testError > less.testError;
      return { holds, because: compared(more, less) };
    },
  },
  {
    text: 'Editable+CNP has less drawdown than the plain model and more than Editable Training (all edit other layers).',
    holds: (rows) => {
      const [plain, cnp, editable] = [
        ...(named(rows, ['plain-rmsprop', 'cnp']) ?? []),
        leastDrawdown(editableRows(rows)),
      ];
      if (!plain || !cnp || !editable) return null;
      const holds = cnp.drawdown < plain.drawdown && cnp.drawdown > editable.drawdown;
      return { holds, because: [plain, cnp, editable].map(repairFigures).join(', ') };
    },
  },
  {
    text: 'DkNN does worse than Editable Training in test error or in drawdown (it edits labels, no layers).',
    holds: (rows) => {
      const neighbors = rows.filter(({ editor }) => editor === 'dknn');
      const editable = leastDrawdown(editableRows(rows));
      if (neighbors.length === 0 || editable === undefined) return null;
      const worse = (row: Row): boolean => row.testError > editable.testError || row.drawdown > editable.drawdown;
      return { holds: neighbors.every(worse), because: [...neighbors, editable].map(repairFigures).join(', ') };
    },
  },
  {
    text: "The natural editor on the plain model has less drawdown than Editable Training with one of the paper's editors (beyond the paper; both edit other layers).",
    holds: (rows) => {
      const [natural, editable] = [
        rows.find(({ name }) => name === 'plain-natural'),
        leastDrawdown(editableRows(rows)),
      ];
      if (natural === undefined || editable === undefined) return null;
      return { holds: natural.drawdown < editable.drawdown, because: compared(natural, editable) };
    },
  },
  {
    text: 'Editable Training for gradient descent helps the natural editor, too: less drawdown on the same extra layer than without it (beyond the paper).',
    holds: (rows) => {
      const found = named(rows, ['editable-extra-natural', 'plain-extra-natural']);
      if (found === null) return null;
      const [editable, plain] = found as [Row, Row];
      return { holds: editable.drawdown < plain.drawdown, because: compared(editable, plain) };
    },
  },
];

/** The best pair of an editable row and a plain one with the same editor and layers; of several plain ones, the best. */
function halfOf(rows: readonly Row[], plain: readonly Row[]): Verdict | null {
  const pairs = editableRows(rows).flatMap((editable) => {
    const control = leastDrawdown(plain.filter((each) => isSameEdit(each, editable)));
    return control === undefined ? [] : [{ editable, control }];
  });
  if (pairs.length === 0) return null;
  const near = pairs.filter(({ editable, control }) => editable.testError - control.testError <= equalError);
  const [best] = [...(near.length > 0 ? near : pairs)].sort(
    (a, b) => ratio(a.editable, a.control) - ratio(b.editable, b.control),
  ) as [(typeof pairs)[number]];
  const because = compared(best.editable, best.control);
  if (near.length === 0)
    return { holds: false, because: `no editable model is within 0.5 points of its error; ${because}` };
  return { holds: ratio(best.editable, best.control) < 0.5, because };
}

const isSameEdit = (a: Row, b: Row): boolean => a.editor === b.editor && a.layers === b.layers;

const isMistakes = ({ targets }: Row): boolean => targets === 'mistakes';

/** The natural editor has claims of its own. */
const isNatural = ({ editor }: Row): boolean => editor === 'natural';

const editableRows = (rows: readonly Row[]): readonly Row[] =>
  rows.filter((row) => row.name.startsWith('editable-') && !isMistakes(row) && !isNatural(row));

const plainRows = (rows: readonly Row[]): readonly Row[] =>
  rows.filter((row) => row.name.startsWith('plain-') && !isMistakes(row) && !isNatural(row));

const leastDrawdown = (rows: readonly Row[]): Row | undefined => [...rows].sort((a, b) => a.drawdown - b.drawdown)[0];

const ratio = (row: Row, other: Row): number => row.drawdown / other.drawdown;

/** Two rows, by how much they differ in drawdown, and in what else. */
function compared(row: Row, other: Row): string {
  const differs = [row.editor === other.editor ? [] : 'editor', row.layers === other.layers ? [] : 'layers'].flat();
  const verb = differs.join() === 'editor' ? 'differs' : 'differ';
  const warning = differs.length === 0 ? '' : `; the ${differs.join(' and the ')} ${verb}, too`;
  return `${repairFigures(row)} has ${ratio(row, other).toFixed(2)} × the drawdown of ${repairFigures(other)}${warning}`;
}

/** RMSProp's rows from the smallest c_loc and the largest, which are in their names. */
function byWeight(rows: readonly Row[]): readonly Row[] {
  const weight = ({ name }: Row): number => Number.parseFloat(name.replace('editable-', ''));
  const own = editableRows(rows).filter((row) => row.editor === 'rmsprop' && !Number.isNaN(weight(row)));
  const sorted = [...own].sort((a, b) => weight(a) - weight(b));
  return sorted.length < 2 ? [] : [sorted[0] as Row, sorted.at(-1) as Row];
}
