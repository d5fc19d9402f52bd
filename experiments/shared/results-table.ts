/** Rows as a Markdown table that is also readable as text, and the claims below it. */
import type { Claim, Column, NamedRow } from './experiment.js';

export function resultsTable<Row>(columns: readonly Column<Row>[], rows: readonly NamedRow<Row>[]): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ title }, i) => Math.max(title.length, 3, ...cells.map((line) => line[i]!.length)));
  const padded = (line: readonly string[]): string => {
    const parts = line.map((text, i) => (columns[i]!.right ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)));
    return `| ${parts.join(' | ')} |`;
  };
  const rule = `| ${columns.map(({ right }, i) => (right ? `${'-'.repeat(widths[i]! - 1)}:` : '-'.repeat(widths[i]!))).join(' | ')} |`;
  return [padded(columns.map(({ title }) => title)), rule, ...cells.map(padded)].join('\n');
}

/** One line a claim: whether our rows show it, and by which figures. */
export function claimsList<Row>(claims: readonly Claim<Row>[], rows: readonly NamedRow<Row>[]): string {
  return claims
    .map(({ text, holds }) => {
      const verdict = holds(rows);
      if (verdict === null) return `- ${text} **Not measured.**`;
      return `- ${text} **${verdict.holds ? 'Holds' : 'Does not hold'}:** ${verdict.because}.`;
    })
    .join('\n');
}
