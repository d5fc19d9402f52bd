/** Lines and numbers along a chart's edges. */
import type { ScaleLinear } from 'd3-scale';
import { html, type Markup } from '../markup.js';

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const xAxis = (scale: ScaleLinear<number, number>, frame: Frame, format: (value: number) => string): Markup => {
  const y = frame.height - frame.bottom;
  return html`<g class="axis"><line x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y}" y2="${y}"/>${scale
    .ticks(5)
    .map(
      (tick) => html`<text x="${round(scale(tick))}" y="${y + 17}" text-anchor="middle">${format(tick)}</text>`,
    )}</g>`;
};

export const yAxis = (scale: ScaleLinear<number, number>, frame: Frame, format: (value: number) => string): Markup =>
  html`<g class="axis">${scale.ticks(4).map((tick) => {
    const y = round(scale(tick));
    return html`<line x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y}" y2="${y}"/><text x="${frame.left - 7}" y="${y + 4}" text-anchor="end">${format(tick)}</text>`;
  })}</g>`;

/** A tenth of a pixel is enough, and keeps the file small. */
export const round = (value: number): number => Math.round(value * 10) / 10;
