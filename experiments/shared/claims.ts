/** Comparisons that claims are made of. */
import type { Claim, NamedRow } from './experiment.js';
import { percent } from './numbers.js';

interface HasDrawdown {
  readonly drawdown: number;
}

/** Each of `less` has less drawdown than each of `more`. */
export const lessDrawdown = <Row extends HasDrawdown>(
  text: string,
  less: readonly string[],
  more: readonly string[],
): Claim<Row> => ({
  text,
  holds: (rows) => {
    const [a, b] = [named(rows, less), named(rows, more)];
    if (a === null || b === null) return null;
    const holds = Math.max(...a.map(drawdownOf)) < Math.min(...b.map(drawdownOf));
    return { holds, because: `${listed(a)} against ${listed(b)}` };
  },
});

/** The rows of these names; null where one is missing. */
export function named<Row>(rows: readonly NamedRow<Row>[], names: readonly string[]): readonly NamedRow<Row>[] | null {
  const found = names.flatMap((name) => rows.find((row) => row.name === name) ?? []);
  return found.length === names.length ? found : null;
}

const drawdownOf = ({ drawdown }: HasDrawdown): number => drawdown;

const listed = (rows: readonly NamedRow<HasDrawdown>[]): string =>
  rows.map(({ name, drawdown }) => `${name} ${percent(drawdown)}`).join(', ');
