/** Lines: share of the descriptors' variance that the first components explain, a line for each model (Figure 2, right). */
import { type ChartSpec, chart } from './chart-spec.js';
import { seriesEncoding } from './series.js';

export interface ExplainedVarianceData {
  readonly models: readonly {
    readonly name: string;
    /** Share, 0 to 1, that the first 1, 2, 3 … components explain together. */
    readonly cumulative: readonly number[];
  }[];
  /** Show so many components; default: all there are. */
  readonly components?: number;
  /** `log` shows the first few and the last thousands at once. */
  readonly scale?: 'linear' | 'log';
  readonly title?: string;
}

/** Share of the variance that the first components explain (Figure 2, right). */
export function explainedVarianceChart(data: ExplainedVarianceData): ChartSpec {
  const { models, components = Number.POSITIVE_INFINITY, scale = 'linear', title } = data;
  const values = models.flatMap(({ name, cumulative }) =>
    cumulative.slice(0, components).map((share, i) => ({ model: name, components: i + 1, share })),
  );
  const most = Math.max(...values.map((value) => value.components), 2);
  return chart({
    ...(title === undefined ? {} : { title }),
    data: { values },
    width: 460,
    height: 320,
    mark: { type: 'line', strokeWidth: 2.5 },
    encoding: {
      x: {
        field: 'components',
        type: 'quantitative',
        title: `Number of components${scale === 'log' ? ' (logarithmic)' : ''}`,
        scale: scale === 'log' ? { type: 'log', domain: [1, most], nice: false } : { domain: [0, most], nice: false },
        axis: scale === 'log' ? { values: decades(most), format: ',d' } : { format: ',d', tickMinStep: 1 },
      },
      y: {
        field: 'share',
        type: 'quantitative',
        title: 'Explained variance (%)',
        scale: { domain: [0, 1] },
        axis: { format: '.0%' },
      },
      ...seriesEncoding(
        'model',
        models.map(({ name }) => name),
        'Model',
      ),
    },
  });
}

/** 1, 2, 5, 10, 20, 50 … up to `most`. */
const decades = (most: number): number[] =>
  Array.from({ length: Math.ceil(Math.log10(most)) + 1 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power))
    .flat()
    .filter((value) => value <= most);
