/** Comparisons that claims are made of. */
import type { Claim, NamedRow } from './experiment.js';
import { percent } from './numbers.js';
import type { RepairRow } from './repair-row.js';

type Row = NamedRow<RepairRow>;

/** Each of `less` has less drawdown than each of `more`. */
export const lessDrawdown = (text: string, less: readonly string[], more: readonly string[]): Claim<RepairRow> => ({
  text,
  holds: (rows) => {
    const [a, b] = [named(rows, less), named(rows, more)];
    if (a === null || b === null) return null;
    const holds = Math.max(...a.map(drawdownOf)) < Math.min(...b.map(drawdownOf));
    return { holds, because: `${listed(a)} against ${listed(b)}` };
  },
});

/** The rows of these names; null where one is missing. */
export function named<Own>(rows: readonly NamedRow<Own>[], names: readonly string[]): readonly NamedRow<Own>[] | null {
  const found = names.flatMap((name) => rows.find((row) => row.name === name) ?? []);
  return found.length === names.length ? found : null;
}

/** Drawdown never goes alone: an edit that reaches one input only costs nothing and is worth as much. */
export function repairFigures({ name, editor, layers, drawdown, generality, testError }: Row): string {
  const place = layers === null ? '' : `${editor} on ${layers}: `;
  return `${name} (${place}drawdown ${percent(drawdown)}, generality ${percent(generality, 0)}, error ${percent(testError)})`;
}

const drawdownOf = ({ drawdown }: Row): number => drawdown;

const listed = (rows: readonly Row[]): string =>
  rows
    .map(({ name, drawdown, generality }) => `${name} ${percent(drawdown)} (generality ${percent(generality, 0)})`)
    .join(', ');
