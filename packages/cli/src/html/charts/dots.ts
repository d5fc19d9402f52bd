/** A dot an edit: how the drawdowns of each model's edits are distributed, on one scale. */
import { bin, extent, max } from 'd3-array';
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { html, type Markup } from '../markup.js';
import { type Frame, round, xAxis } from './axis.js';

export interface Dot {
  readonly value: number;
  /** Shown when the pointer rests on it. */
  readonly title: string;
}

export interface DotRow {
  readonly name: string;
  readonly tone: 'plain' | 'editable';
  readonly dots: readonly Dot[];
  readonly mean: number;
  readonly interval: readonly [number, number];
}

const frame: Frame = { width: 720, height: 0, left: 14, right: 30, top: 26, bottom: 30 };
const rowHeight = 134;
const bins = 72;

export function dotPlot(rows: readonly DotRow[], format: (value: number) => string): Markup {
  const height = rows.length * rowHeight + frame.bottom;
  const [low = 0, high = 0] = extent(rows.flatMap(({ dots }) => dots.map(({ value }) => value)));
  const scale = scaleLinear(
    [Math.min(low, 0), Math.max(high, 1e-9)],
    [frame.left + 8, frame.width - frame.right - 8],
  ).nice();
  const stacks = rows.map((row) => stacked(row, scale));
  const tallest = max(stacks.flat(), ({ dots }) => dots.length) ?? 1;
  const step = Math.min((scale.range()[1] as number) / bins, (rowHeight - 44) / tallest);
  const zero = round(scale(0));
  return html`<svg class="wide" viewBox="0 0 ${frame.width} ${height}" role="img" aria-label="Drawdown of every edit, ${rows.map(({ name, mean }) => `${name}: mean ${format(mean)}`).join('; ')}">
<line class="zero" x1="${zero}" x2="${zero}" y1="4" y2="${height - frame.bottom}"/>
${rows.map((row, i) => drawRow(row, stacks[i] as Stack[], { scale, step, bottom: (i + 1) * rowHeight - 12, format }))}
${xAxis(scale, { ...frame, height }, format)}</svg>`;
}

interface Stack {
  readonly x: number;
  readonly dots: readonly Dot[];
}

interface Drawing {
  readonly scale: ScaleLinear<number, number>;
  readonly step: number;
  readonly bottom: number;
  format(value: number): string;
}

const stacked = ({ dots }: DotRow, scale: ScaleLinear<number, number>): Stack[] => {
  const [low, high] = scale.domain() as [number, number];
  const edges = Array.from({ length: bins - 1 }, (_, i) => low + ((i + 1) / bins) * (high - low));
  return bin<Dot, number>()
    .value(({ value }) => value)
    .domain([low, high])
    .thresholds(edges)(dots as Dot[])
    .map((each) => ({ x: scale(((each.x0 ?? low) + (each.x1 ?? high)) / 2), dots: each }));
};

function drawRow(
  { name, tone, mean, interval }: DotRow,
  stacks: readonly Stack[],
  { scale, step, bottom, format }: Drawing,
): Markup {
  const radius = round(Math.max(Math.min(step / 2 - 0.4, 4.4), 1.2));
  const circles = stacks.flatMap(({ x, dots }) =>
    dots.map(
      ({ title }, i) =>
        html`<circle cx="${round(x)}" cy="${round(bottom - 4 - (i + 0.5) * step)}" r="${radius}"><title>${title}</title></circle>`,
    ),
  );
  const [low, high] = interval.map((value) => round(scale(value))) as [number, number];
  return html`<g class="fill-${tone}"><text class="strong" x="${frame.width - frame.right}" y="${bottom - rowHeight + 30}" text-anchor="end">${name}: mean ${format(mean)}</text>
${circles}<rect x="${low}" y="${bottom}" width="${Math.max(high - low, 2)}" height="5" rx="2"/><rect x="${round(scale(mean)) - 1}" y="${bottom - 2}" width="2" height="9"/></g>`;
}
