/** Lines over training steps, each point the mean of a stretch of steps. */
import { extent, max, mean } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { curveMonotoneX, line } from 'd3-shape';
import { count, significant } from '../../console/numbers.js';
import { html, type Markup } from '../markup.js';
import { type Frame, round, xAxis, yAxis } from './axis.js';

export interface Curve {
  readonly name: string;
  readonly tone: 'plain' | 'editable' | 'third';
  /** A value a step. */
  readonly values: readonly number[];
}

const frame: Frame = { width: 420, height: 240, left: 46, right: 12, top: 30, bottom: 26 };
const points = 40;

type Point = readonly [step: number, value: number];

export function curves(all: readonly Curve[], title: string): Markup {
  const drawn = all.map((curve) => ({ ...curve, points: averaged(curve.values) }));
  const [, last = 1] = extent(drawn.flatMap((curve) => curve.points.map(([step]) => step)));
  const x = scaleLinear([0, last], [frame.left, frame.width - frame.right]);
  const top = max(drawn, (curve) => max(curve.points, ([, value]) => value)) || 1;
  const y = scaleLinear([0, top], [frame.height - frame.bottom, frame.top]).nice();
  const path = line<Point>(
    ([step]) => round(x(step)),
    ([, value]) => round(y(value)),
  ).curve(curveMonotoneX);
  return html`<svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${title}: ${drawn.map(({ name }) => name).join(', ')}">
${yAxis(y, frame, significant)}${xAxis(x, frame, count)}
${drawn.map(({ tone, points: own }) => html`<path class="line line-${tone}" d="${path(own)}"/>`)}
${legend(drawn)}</svg>`;
}

const legend = (all: readonly Curve[]): Markup[] =>
  all.map(({ name, tone }, i) => {
    const left = frame.left + i * 110;
    return html`<path class="line line-${tone}" d="M${left} 11h26"/><text x="${left + 32}" y="15">${name}</text>`;
  });

function averaged(values: readonly number[]): Point[] {
  const stretch = Math.max(1, Math.ceil(values.length / points));
  return Array.from({ length: Math.ceil(values.length / stretch) }, (_, i) => {
    const part = values.slice(i * stretch, (i + 1) * stretch);
    return [i * stretch + (part.length + 1) / 2, mean(part) ?? 0];
  });
}
