/** Curves: what repairs cost elsewhere (drawdown, logarithmic) against how far they reach (generality); above left is better. */
import { type ChartSpec, chart, okabeIto } from './chart-spec.js';
import { placeLabels } from './label-placement.js';
import { cycle } from './series.js';

export interface LocalityGeneralityData {
  readonly curves: readonly {
    readonly name: string;
    /** False: points of one look without a line; default true. */
    readonly joined?: boolean;
    /** In the order in which the line joins them. */
    readonly points: readonly {
      /** What tells this point from the curve's others; left out: no label. */
      readonly label?: string;
      /** Mean change of test error, 0 to 1. */
      readonly drawdown: number;
      readonly drawdownInterval: readonly [low: number, high: number];
      /** Share of unseen views of the repaired image that follow, 0 to 1. */
      readonly generality: number;
    }[];
  }[];
  /** Of the plot, in pixels; left out: 600 × 420. Below 400 wide there is no legend, and titles are short. */
  readonly size?: { readonly width: number; readonly height: number };
  readonly title?: string;
}

const usualSize = { width: 600, height: 420 };
const fontSize = 10;
const shapes = [
  'circle',
  'triangle-up',
  'square',
  'diamond',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
];

/** Least drawdown that a logarithmic axis shows, in points: what is less lies on its edge. */
const least = 0.01;

/** Drawdown, on a logarithmic scale, against the share of unseen views that follow: a curve for each method. */
export function localityGeneralityChart({ curves, size = usualSize, title }: LocalityGeneralityData): ChartSpec {
  const isSmall = size.width < 400;
  const names = curves.map(({ name }) => name);
  const shown = (share: number): number => Math.max(share * 100, least);
  const points = curves.flatMap(({ name, joined = true, points: own }) =>
    own.map(({ label = '', drawdown, drawdownInterval: [low, high], generality }, order) => ({
      curve: name,
      joined,
      order,
      label,
      drawdown: shown(drawdown),
      low: shown(low),
      high: shown(high),
      generality,
    })),
  );
  const most = Math.max(...points.map(({ high }) => high)) * 1.3;
  const across = (drawdown: number): number => Math.log(drawdown / least) / Math.log(most / least);
  const placed = placeLabels(
    points.map(({ label, drawdown, generality }) => ({
      label,
      x: across(drawdown) * size.width,
      y: (1 - generality) * size.height,
    })),
    { ...size, fontSize },
  );
  const values = points.map((point, i) => ({ ...point, ...placed[i] }));
  const x = {
    field: 'drawdown',
    type: 'quantitative',
    title: isSmall ? 'Drawdown (points, log.)' : 'Drawdown (percentage points of test error, logarithmic)',
    scale: { type: 'log', domain: [least, most], nice: false },
    axis: {
      format: '~g',
      values: (isSmall ? [0.01, 0.1, 1, 10] : [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]).filter(
        (each) => each <= most,
      ),
    },
  };
  const y = {
    field: 'generality',
    type: 'quantitative',
    title: isSmall ? 'Unseen views that follow (%)' : 'Unseen views of the repaired image that follow (%)',
    scale: { domain: [0, 1] },
    axis: { format: '~%' },
  };
  const legend = isSmall ? null : { title: 'Editor', symbolSize: 90, symbolOpacity: 1 };
  const color = {
    field: 'curve',
    type: 'nominal',
    sort: names,
    scale: { domain: names, range: cycle(okabeIto, names) },
    legend,
  };
  const shape = {
    field: 'curve',
    type: 'nominal',
    sort: names,
    scale: { domain: names, range: cycle(shapes, names) },
    legend,
  };
  const labels = (look: object): object => ({
    transform: [{ filter: "datum.label !== ''" }],
    mark: {
      type: 'text',
      fontSize,
      align: { expr: 'datum.align' },
      baseline: { expr: 'datum.baseline' },
      dx: { expr: 'datum.dx' },
      dy: { expr: 'datum.dy' },
      ...look,
    },
    encoding: { x, y, text: { field: 'label', type: 'nominal' } },
  });
  return chart({
    ...(title === undefined ? {} : { title }),
    ...size,
    data: { values },
    layer: [
      {
        transform: [{ filter: 'datum.joined' }],
        mark: { type: 'line', strokeWidth: 2 },
        encoding: { x, y, color, order: { field: 'order' } },
      },
      {
        mark: { type: 'rule', strokeWidth: 1, opacity: 0.7 },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, color },
      },
      { mark: { type: 'point', filled: true, size: 70, opacity: 1 }, encoding: { x, y, color, shape } },
      labels({ stroke: 'white', strokeWidth: 3, aria: false }),
      labels({ color: '#222222' }),
    ],
  });
}
