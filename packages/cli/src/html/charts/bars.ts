/** Every class's probability before and after an edit, as pairs of bars. */
import { scaleLinear } from 'd3-scale';
import { percent } from '../../console/numbers.js';
import { html, type Markup } from '../markup.js';
import { round } from './axis.js';

export interface BarPair {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** Written in bold: the classes that the edit is about. */
  readonly strong: boolean;
}

const width = 420;
const rowHeight = 27;
const nameWidth = 92;
const valueWidth = 52;

export function barPairs(pairs: readonly BarPair[]): Markup {
  const scale = scaleLinear([0, 1], [0, width - nameWidth - valueWidth]);
  const height = pairs.length * rowHeight + 22;
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Probabilities before and after the edit">
<rect class="fill-plain" x="${nameWidth}" y="2" width="10" height="9"/><text x="${nameWidth + 15}" y="11">before</text>
<rect class="fill-editable" x="${nameWidth + 72}" y="2" width="10" height="9"/><text x="${nameWidth + 87}" y="11">after</text>
${pairs.map((pair, i) => {
  const y = 20 + i * rowHeight;
  return html`<text x="${nameWidth - 8}" y="${y + 14}" text-anchor="end"${pair.strong ? html` class="strong"` : null}>${pair.name}</text>${bar(pair.before, 'plain', y)}${bar(pair.after, 'editable', y + 10)}`;
})}</svg>`;

  function bar(value: number, tone: 'plain' | 'editable', y: number): Markup {
    const label = value >= 0.005 ? percent(value, value >= 0.995 ? 0 : 1) : '';
    return html`<rect class="track" x="${nameWidth}" y="${y}" width="${round(scale(1))}" height="8" rx="2"/><rect class="fill-${tone}" x="${nameWidth}" y="${y}" width="${round(Math.max(scale(value), 0.6))}" height="8" rx="2"/><text x="${nameWidth + round(scale(1)) + 6}" y="${y + 8.5}" font-size="10">${label}</text>`;
  }
}
