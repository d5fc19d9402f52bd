/** Lines with a pale band: a model's error over many edits in a row, the mean of several runs and their standard deviation. */
import { type ChartSpec, chart } from './chart-spec.js';
import { seriesEncoding } from './series.js';

export interface ErrorBandData {
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly {
      /** Edits made so far; 0: the unedited model. */
      readonly edits: number;
      /** Share of test images classified wrongly, 0 to 1: mean over the runs. */
      readonly errorRate: number;
      /** Standard deviation over the runs. */
      readonly deviation: number;
    }[];
  }[];
  readonly seriesTitle?: string;
  readonly title?: string;
}

/** Mean error of several runs against the number of edits, with its standard deviation as a band (Figure 5, bottom). */
export function errorBandChart({ series, seriesTitle = 'Model', title }: ErrorBandData): ChartSpec {
  const values = series.flatMap(({ name, points }) =>
    points.map(({ edits, errorRate, deviation }) => ({
      series: name,
      edits,
      errorRate,
      low: errorRate - deviation,
      high: errorRate + deviation,
    })),
  );
  const names = series.map(({ name }) => name);
  const x = {
    field: 'edits',
    type: 'quantitative',
    title: 'Number of edits',
    scale: { domain: [0, Math.max(...values.map(({ edits }) => edits), 1)], nice: false },
    axis: { format: ',d', tickMinStep: 1 },
  };
  const y = { type: 'quantitative', title: 'Test error (%)', scale: { zero: false }, axis: { format: '~%' } };
  const { color } = seriesEncoding('series', names, seriesTitle) as { readonly color: object };
  return chart({
    ...(title === undefined ? {} : { title }),
    data: { values },
    width: 460,
    height: 300,
    layer: [
      {
        mark: { type: 'area', opacity: 0.2 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
      },
      {
        mark: { type: 'line', strokeWidth: 2.5 },
        encoding: { x, y: { ...y, field: 'errorRate' }, ...seriesEncoding('series', names, seriesTitle) },
      },
    ],
  });
}
