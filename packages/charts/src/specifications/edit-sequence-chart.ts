/** Lines: what many edits in a row do to one model, its error above, the share of edits still in force below. */
import { type ChartSpec, chart } from './chart-spec.js';
import { seriesEncoding } from './series.js';

export interface EditSequenceData {
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly {
      /** Edits made so far; 0: the unedited model. */
      readonly edits: number;
      /** Share of test images classified wrongly, 0 to 1. */
      readonly errorRate: number;
      /** Share of the edits so far that still hold, 0 to 1; null before the first. */
      readonly inForce: number | null;
    }[];
  }[];
  /** What tells the series apart; default: Model. */
  readonly seriesTitle?: string;
  readonly title?: string;
}

/** Error above and share in force below, against the number of edits in a row. */
export function editSequenceChart({ series, seriesTitle = 'Model', title }: EditSequenceData): ChartSpec {
  const values = series.flatMap(({ name, points }) => points.map((point) => ({ series: name, ...point })));
  const last = Math.max(...values.map(({ edits }) => edits), 1);
  const names = series.map(({ name }) => name);
  const panel = (field: string, label: string, xTitle: string | null, scale: object): object => ({
    width: 460,
    height: 180,
    transform: [{ filter: `isValid(datum.${field})` }],
    mark: { type: 'line', strokeWidth: 2.5, interpolate: 'linear' },
    encoding: {
      x: {
        field: 'edits',
        type: 'quantitative',
        title: xTitle,
        scale: { domain: [0, last], nice: false },
        axis: { format: ',d', tickMinStep: 1 },
      },
      y: { field, type: 'quantitative', title: label, scale, axis: { format: '~%', tickCount: 5 } },
      ...seriesEncoding('series', names, seriesTitle),
    },
  });
  return chart({
    ...(title === undefined ? {} : { title }),
    data: { values },
    spacing: 24,
    vconcat: [
      panel('errorRate', 'Test error (%)', null, { zero: true, nice: true }),
      panel('inForce', 'Edits in force (%)', 'Number of edits', { domain: [0, 1] }),
    ],
  });
}
