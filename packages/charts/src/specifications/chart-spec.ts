/** What every chart shares: a Vega-Lite specification on white, one typeface, colours that do not rely on red and green. */
import type { TopLevelSpec } from 'vega-lite';

/** A Vega-Lite specification with its data inside: what `renderSvg` draws and what vega-embed shows on a page. */
export type ChartSpec = TopLevelSpec;

/** Eight colours that stay apart for colour-blind readers (Okabe and Ito, 2008), the darkest and strongest first. */
export const okabeIto: readonly string[] = [
  '#0072B2',
  '#D55E00',
  '#009E73',
  '#CC79A7',
  '#56B4E9',
  '#E69F00',
  '#000000',
  '#F0E442',
];

/** Ten colours for ten classes, optimised for colour-blind readers (Petroff, "Accessible color sequences", 2021). */
export const petroff10: readonly string[] = [
  '#3f90da',
  '#ffa90e',
  '#bd1f01',
  '#94a4a2',
  '#832db6',
  '#a96b59',
  '#e76300',
  '#b9ac70',
  '#717581',
  '#92dadd',
];

/** Line patterns in the order in which series take them; the first is solid. */
export const dashes: readonly (readonly number[])[] = [
  [1, 0],
  [7, 4],
  [2, 3],
  [9, 3, 2, 3],
  [4, 4],
  [12, 4],
  [1, 2],
  [6, 2],
];

/** DejaVu Sans is on the machines that draw the files; Verdana, which has nearly its widths, is on most that show them. */
export const font = 'DejaVu Sans, Verdana, sans-serif';

const ink = '#222222';
const faint = '#e3e3e3';

/** Adds the look to a specification. */
export const chart = (spec: object): ChartSpec =>
  ({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 12,
    ...spec,
    config: {
      font,
      title: { fontSize: 14, fontWeight: 'bold', color: ink, anchor: 'start', offset: 12, subtitleFontSize: 11 },
      axis: {
        titleFontSize: 12,
        titleFontWeight: 'normal',
        titleColor: ink,
        titlePadding: 8,
        labelFontSize: 11,
        labelColor: ink,
        labelLimit: 0,
        labelFlush: false,
        gridColor: faint,
        domainColor: '#888888',
        tickColor: '#888888',
      },
      header: {
        labelLimit: 0,
        labelFontSize: 13,
        labelFontWeight: 'bold',
        labelColor: ink,
        titleFontSize: 12,
        titleColor: ink,
      },
      legend: {
        titleFontSize: 12,
        titleFontWeight: 'normal',
        titleColor: ink,
        labelFontSize: 11,
        labelColor: ink,
        labelLimit: 0,
        titleLimit: 0,
      },
      view: { stroke: '#bbbbbb' },
    },
  }) as ChartSpec;
