/** Tables for people: a head, rows, numbers to the right, no colours (they would end up in files). */
import CliTable from 'cli-table3';

export interface TableOptions {
  readonly head: readonly string[];
  /** Columns of numbers. */
  readonly right?: readonly number[];
}

export function table(rows: readonly (readonly string[])[], { head, right = [] }: TableOptions): string {
  const drawn = new CliTable({
    head: [...head],
    colAligns: head.map((_, column) => (right.includes(column) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn.toString();
}

/** Names and values below each other. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
