/** The same chart on a light page and on a dark one: only colours differ, series keep their order and meaning. */
import { type ChartSpec, okabeIto } from './chart-spec.js';

export type Theme = 'light' | 'dark';

/** Okabe and Ito's colours in the same order, each light enough for a dark ground. */
const brightOkabeIto = ['#56B4E9', '#E69F00', '#2CC79B', '#E3A0C5', '#8FD0F5', '#F3C15A', '#ECEBE7', '#F0E442'];

const darkOf: ReadonlyMap<string, string> = new Map([
  ...okabeIto.map((colour, i) => [colour, brightOkabeIto[i] as string] as const),
  ['white', '#1d1f22'],
  ['#222222', '#ecebe7'],
  ['#e3e3e3', '#34373c'],
  ['#eceae4', '#2b2e32'],
  ['#888888', '#8b9097'],
  ['#999999', '#8b9097'],
  ['#bbbbbb', '#4a4e54'],
]);

/** @example renderSvg(inTheme(editSequenceChart(data), 'dark')) */
export const inTheme = (spec: ChartSpec, theme: Theme): ChartSpec =>
  theme === 'light' ? spec : (darkened(spec) as ChartSpec);

/** Colours are swapped wherever a specification has them, but never in the data that it shows. */
function darkened(part: unknown): unknown {
  if (typeof part === 'string') return darkOf.get(part) ?? part;
  if (Array.isArray(part)) return part.map(darkened);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [name, name === 'data' || name === 'domain' ? value : darkened(value)]),
  );
}
