/** Bars: at what rank a classifier has the right class where it is wrong (Figure 5, left). */
import { type ChartSpec, chart } from './chart-spec.js';

export interface RankData {
  /** Of the right class among the classes by probability, one a mistake; 2 or more. */
  readonly ranks: readonly number[];
  readonly title?: string;
}

/** The ranks up to each edge, from the one before it. */
const edges = [2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000];

/** How often the right class has which rank where a classifier is wrong (Figure 5, left). */
export function rankChart({ ranks, title }: RankData): ChartSpec {
  const last = edges.findIndex((edge) => ranks.every((rank) => rank <= edge));
  const values = edges.slice(0, last + 1).map((edge, i) => {
    const below = i === 0 ? 1 : (edges[i - 1] as number);
    const count = ranks.filter((rank) => rank > below && rank <= edge).length;
    const label = edge === below + 1 ? String(edge) : `${below + 1} to ${edge}`;
    return { label, share: count / Math.max(ranks.length, 1) };
  });
  return chart({
    ...(title === undefined ? {} : { title }),
    data: { values },
    width: 460,
    height: 260,
    mark: { type: 'bar' },
    encoding: {
      x: {
        field: 'label',
        type: 'ordinal',
        sort: values.map(({ label }) => label),
        title: 'Rank of the right class',
        axis: { labelAngle: -35 },
      },
      y: { field: 'share', type: 'quantitative', title: 'Mistakes (%)', axis: { format: '~%' } },
    },
  });
}
