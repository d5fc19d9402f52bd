/** What the paper concludes from its Table 3. */
import { named } from '../shared/claims.js';
import type { Claim, NamedRow } from '../shared/experiment.js';
import { percent } from '../shared/numbers.js';
import type { RepairRow } from '../shared/repair-row.js';

type Row = NamedRow<RepairRow>;

/** Near enough that the paper would call the errors equal: its own differ by up to 0.04 points, on a larger network. */
const equalError = 0.005;

export const claims: readonly Claim<RepairRow>[] = [
  {
    text: 'Editable Training has less than half the drawdown of plain training, at about the same test error.',
    holds: (rows) => {
      const plain = leastDrawdown(named(rows, ['plain-rmsprop']) ?? []);
      const editable = leastDrawdown(
        editableRows(rows).filter(({ testError }) => plain && testError - plain.testError <= equalError),
      );
      if (plain === undefined || editableRows(rows).length === 0) return null;
      if (editable === undefined)
        return { holds: false, because: 'no editable model is within 0.5 points of plain error' };
      const ratio = editable.drawdown / plain.drawdown;
      return { holds: ratio < 0.5, because: `${figures(editable)} is ${ratio.toFixed(2)} × that of ${figures(plain)}` };
    },
  },
  {
    text: "Editable Training has at most 0.4 times the drawdown of the plain model's best row (beyond the paper).",
    holds: (rows) => {
      const plain = leastDrawdown(named(rows, ['plain-gd', 'plain-rmsprop', 'plain-card']) ?? []);
      const editable = leastDrawdown(editableRows(rows));
      if (plain === undefined || editable === undefined) return null;
      const ratio = editable.drawdown / plain.drawdown;
      return {
        holds: ratio <= 0.4,
        because: `${figures(editable)} is ${ratio.toFixed(2)} × that of ${figures(plain)}`,
      };
    },
  },
  {
    text: 'A larger c_loc means less drawdown and more test error.',
    holds: (rows) => {
      const [less, more] = byWeight(rows);
      if (less === undefined || more === undefined) return null;
      const holds = more.drawdown < less.drawdown && more.testError > less.testError;
      return { holds, because: `${figures(more)} against ${figures(less)}` };
    },
  },
  {
    text: 'Editable+CNP has less drawdown than the plain model and more than Editable Training.',
    holds: (rows) => {
      const [plain, cnp, editable] = [
        ...(named(rows, ['plain-rmsprop', 'cnp']) ?? []),
        leastDrawdown(editableRows(rows)),
      ];
      if (!plain || !cnp || !editable) return null;
      const holds = cnp.drawdown < plain.drawdown && cnp.drawdown > editable.drawdown;
      return { holds, because: [plain, cnp, editable].map(figures).join(', ') };
    },
  },
  {
    text: 'DkNN does worse than Editable Training in test error or in drawdown.',
    holds: (rows) => {
      const neighbors = rows.filter(({ editor }) => editor === 'dknn');
      const editable = leastDrawdown(editableRows(rows));
      if (neighbors.length === 0 || editable === undefined) return null;
      const worse = (row: Row): boolean => row.testError > editable.testError || row.drawdown > editable.drawdown;
      return { holds: neighbors.every(worse), because: [...neighbors, editable].map(figures).join(', ') };
    },
  },
];

const editableRows = (rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ name }) => /^editable-(?!mistakes)/.test(name));

const leastDrawdown = (rows: readonly Row[]): Row | undefined => [...rows].sort((a, b) => a.drawdown - b.drawdown)[0];

/** RMSProp's rows from the smallest c_loc and the largest, which are in their names. */
function byWeight(rows: readonly Row[]): readonly Row[] {
  const weight = ({ name }: Row): number => Number.parseFloat(name.replace('editable-', ''));
  const own = editableRows(rows).filter(({ editor }) => editor === 'rmsprop');
  const sorted = [...own].sort((a, b) => weight(a) - weight(b));
  return sorted.length < 2 ? [] : [sorted[0] as Row, sorted.at(-1) as Row];
}

const figures = ({ name, drawdown, testError }: Row): string =>
  `${name} (drawdown ${percent(drawdown)}, error ${percent(testError)})`;
