/** Scatter: drawdown against success or time, every point labelled, those that no other beats on both joined by a line. */
import { type ChartSpec, chart, okabeIto } from './chart-spec.js';
import { placeLabels } from './label-placement.js';
import { cycle } from './series.js';

export interface ParetoPoint {
  readonly label: string;
  /** Tells points apart by colour and shape; all points without one are of one group. */
  readonly group?: string;
  /** Mean change of test error, 0 to 1. */
  readonly drawdown: number;
  /** Share of edits that succeed, 0 to 1. */
  readonly success: number;
  /** Time of an edit. */
  readonly seconds: number;
}

export interface ParetoData {
  readonly points: readonly ParetoPoint[];
  readonly against: 'success' | 'time';
  /** What the groups are; default: Training. */
  readonly groupTitle?: string;
  readonly title?: string;
}

const size = { width: 560, height: 380 };
const fontSize = 11;
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

/** Drawdown against success or time, a labelled point each; the ones that no other beats on both are joined. */
export function paretoChart({ points, against, groupTitle = 'Training', title }: ParetoData): ChartSpec {
  const horizontal = against === 'success' ? successAxis(points) : timeAxis(points);
  const vertical = drawdownAxis(points);
  const groups = [...new Set(points.flatMap(({ group }) => (group === undefined ? [] : [group])))];
  const placed = placeLabels(
    points.map(({ label, drawdown, ...rest }) => ({
      label,
      x: horizontal.position({ label, drawdown, ...rest }) * size.width,
      y: (1 - vertical.position(drawdown)) * size.height,
    })),
    { ...size, fontSize },
  );
  const values = points.map((point, i) => ({
    ...point,
    x: horizontal.value(point),
    y: point.drawdown * 100,
    ...placed[i],
  }));
  const x = {
    field: 'x',
    type: 'quantitative',
    title: horizontal.title,
    scale: horizontal.scale,
    axis: horizontal.axis,
  };
  const y = {
    field: 'y',
    type: 'quantitative',
    title: 'Drawdown (percentage points of test error)',
    scale: vertical.scale,
    axis: { format: '~g' },
  };
  const labels = (look: object): object => ({
    data: { values },
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
    layer: [
      {
        data: { values: front(values, against) },
        mark: {
          type: 'line',
          color: '#999999',
          strokeWidth: 1.5,
          strokeDash: [4, 3],
          interpolate: against === 'success' ? 'step-before' : 'step-after',
        },
        encoding: { x, y },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 90, opacity: 1, color: okabeIto[0] },
        encoding: { x, y, ...(groups.length === 0 ? {} : groupEncoding(groups, groupTitle)) },
      },
      // White around the letters, where the line or the grid runs through them.
      labels({ stroke: 'white', strokeWidth: 3, aria: false }),
      labels({ color: '#222222' }),
    ],
  });
}

function groupEncoding(groups: readonly string[], title: string): object {
  const legend = { title, symbolSize: 90, symbolOpacity: 1 };
  return {
    color: { field: 'group', type: 'nominal', scale: { domain: groups, range: cycle(okabeIto, groups) }, legend },
    shape: { field: 'group', type: 'nominal', scale: { domain: groups, range: cycle(shapes, groups) }, legend },
  };
}

interface Axis {
  readonly title: string;
  readonly scale: object;
  readonly axis: object;
  readonly value: (point: ParetoPoint) => number;
  /** 0 at the left end, 1 at the right. */
  readonly position: (point: ParetoPoint) => number;
}

function successAxis(points: readonly ParetoPoint[]): Axis {
  const value = ({ success }: ParetoPoint): number => success * 100;
  const [low, high] = padded(points.map(value));
  return {
    title: 'Success rate (%)',
    scale: { domain: [low, high], nice: false, zero: false },
    axis: { format: '~g', values: ticks(low, Math.min(high, 100)) },
    value,
    position: (point) => (value(point) - low) / (high - low),
  };
}

function timeAxis(points: readonly ParetoPoint[]): Axis {
  const value = ({ seconds }: ParetoPoint): number => seconds * 1000;
  const [low, high] = padded(points.map((point) => Math.log10(value(point))));
  return {
    title: 'Time of an edit (ms, logarithmic)',
    scale: { type: 'log', domain: [10 ** low, 10 ** high], nice: false },
    axis: { format: '~g', values: logTicks(10 ** low, 10 ** high) },
    value,
    position: (point) => (Math.log10(value(point)) - low) / (high - low),
  };
}

function drawdownAxis(points: readonly ParetoPoint[]): { scale: object; position: (drawdown: number) => number } {
  const values = points.map(({ drawdown }) => drawdown * 100);
  const [low, high] = padded([...values, 0]);
  return {
    scale: { domain: [low, high], nice: false, zero: false },
    position: (drawdown) => (drawdown * 100 - low) / (high - low),
  };
}

/** The values' range with a tenth of room on both sides, for the points and their labels. */
function padded(values: readonly number[]): [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max((high - low) * 0.1, 0.05);
  return [low - room, high + room];
}

const ticks = (low: number, high: number): number[] => {
  const step = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((each) => (high - low) / each <= 8) ?? 50;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(6)));
};

function logTicks(low: number, high: number): number[] {
  const steps = Array.from({ length: 16 }, (_, i) => [1, 2, 5].map((each) => Number(`${each}e${i - 6}`))).flat();
  const inside = steps.filter((each) => each >= low && each <= high);
  return inside.length >= 3 ? inside : ticks(low, high);
}

/** The points that no other beats on both counts, from left to right. */
function front<Point extends { readonly x: number; readonly y: number }>(
  points: readonly Point[],
  against: ParetoData['against'],
): Point[] {
  const better = (a: number, b: number): boolean => (against === 'success' ? a > b : a < b);
  const beaten = (point: Point): boolean =>
    points.some(
      (other) => (better(other.x, point.x) && other.y <= point.y) || (other.x === point.x && other.y < point.y),
    );
  return points.filter((point) => !beaten(point)).sort((a, b) => a.x - b.x);
}
