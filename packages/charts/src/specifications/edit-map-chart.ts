/** Map of edits: their descriptors embedded in two dimensions by t-SNE, a panel for each model (Figure 2, middle). */
import { ChartError } from '../errors.js';
import { type ChartSpec, chart, petroff10 } from './chart-spec.js';

export interface EditMapData {
  readonly classes: readonly string[];
  readonly models: readonly {
    readonly name: string;
    readonly points: readonly {
      readonly x: number;
      readonly y: number;
      /** Original class of the edited image, an index into `classes`. */
      readonly label: number;
    }[];
  }[];
  readonly title?: string;
}

/** Ten shapes of about one area, in Vega's unit square of side 2 where they have no name. */
const shapes: readonly string[] = [
  'circle',
  'triangle-up',
  'square',
  'cross',
  'diamond',
  'M-1,-0.55L-0.55,-1L0,-0.45L0.55,-1L1,-0.55L0.45,0L1,0.55L0.55,1L0,0.45L-0.55,1L-1,0.55L-0.45,0Z', // x
  'triangle-down',
  'M0,-1.15L0.3,-0.4L1.1,-0.36L0.48,0.15L0.68,0.93L0,0.5L-0.68,0.93L-0.48,0.15L-1.1,-0.36L-0.3,-0.4Z', // star
  'triangle-right',
  'M-1.15,-0.5L1.15,-0.5L1.15,0.5L-1.15,0.5Z', // bar
];

/**
 * Colour and shape both tell the original class. Directions and distances across a t-SNE map have no unit.
 *
 * @throws ChartError INVALID_ARGUMENT for a label that is no index of `classes`.
 */
export function editMapChart({ classes, models, title }: EditMapData): ChartSpec {
  const values = models.flatMap(({ name, points }) =>
    points.map(({ x, y, label }) => ({ model: name, x, y, class: nameOf(label, classes) })),
  );
  const most = Math.max(...models.map(({ points }) => points.length), 1);
  const scaleOver = (range: readonly string[]): object => ({
    domain: classes,
    range: classes.map((_, i) => range[i % range.length]),
  });
  const axis = { labels: false, ticks: false, grid: false };
  const legend = { title: 'Original class', symbolSize: 90, symbolOpacity: 1, symbolStrokeWidth: 0 };
  return chart({
    ...(title === undefined ? {} : { title }),
    data: { values },
    facet: { column: { field: 'model', type: 'nominal', sort: models.map(({ name }) => name), title: null } },
    spec: {
      width: 420,
      height: 420,
      // Fewer points can be larger before they hide each other.
      mark: {
        type: 'point',
        filled: true,
        size: Math.max(14, Math.min(60, 40_000 / most)),
        opacity: 0.8,
        stroke: '#333333',
        strokeWidth: most > 1500 ? 0.1 : 0.3,
        aria: false,
      },
      encoding: {
        x: {
          field: 'x',
          type: 'quantitative',
          scale: { zero: false },
          axis: { ...axis, title: 't-SNE dimension 1 (no unit)' },
        },
        y: {
          field: 'y',
          type: 'quantitative',
          scale: { zero: false },
          axis: { ...axis, title: 't-SNE dimension 2 (no unit)' },
        },
        color: { field: 'class', type: 'nominal', scale: scaleOver(petroff10), legend },
        shape: { field: 'class', type: 'nominal', scale: scaleOver(shapes), legend },
      },
    },
    resolve: { scale: { x: 'independent', y: 'independent' } },
  });
}

function nameOf(label: number, classes: readonly string[]): string {
  const name = classes[label];
  if (name !== undefined) return name;
  throw new ChartError(
    'INVALID_ARGUMENT',
    `editMapChart: expected labels from 0 to ${classes.length - 1}, received ${label}.`,
  );
}
