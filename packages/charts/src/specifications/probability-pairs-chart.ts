/** Bars: every class's probability before and after an edit. */
import { type ChartSpec, chart, okabeIto } from './chart-spec.js';

export interface ProbabilityPairsData {
  readonly pairs: readonly {
    readonly name: string;
    /** 0 to 1. */
    readonly before: number;
    readonly after: number;
    /** Written in bold: the classes that the edit is about. */
    readonly strong: boolean;
  }[];
  readonly title?: string;
}

const moments = ['before', 'after'];

/** Each class's probability before and after an edit, as bars. */
export function probabilityPairsChart({ pairs, title }: ProbabilityPairsData): ChartSpec {
  const names = pairs.map(({ name }) => name);
  const values = pairs.flatMap(({ name, before, after }) => [
    { name, moment: 'before', probability: before, text: written(before) },
    { name, moment: 'after', probability: after, text: written(after) },
  ]);
  const strong = pairs.filter((each) => each.strong).map(({ name }) => name);
  const y = {
    field: 'name',
    type: 'nominal',
    sort: names,
    title: null,
    axis: {
      domain: false,
      ticks: false,
      labelFontWeight: {
        condition: { test: `indexof(${JSON.stringify(strong)}, datum.value) >= 0`, value: 'bold' },
        value: 'normal',
      },
    },
    scale: { paddingInner: 0.3 },
  };
  const yOffset = { field: 'moment', type: 'nominal', sort: moments };
  return chart({
    ...(title === undefined ? {} : { title }),
    width: 330,
    height: { step: 13 },
    data: { values },
    layer: [
      {
        mark: { type: 'bar' },
        encoding: {
          y,
          yOffset,
          x: {
            field: 'probability',
            type: 'quantitative',
            title: null,
            scale: { domain: [0, 1] },
            axis: { format: '%', values: [0, 0.5, 1] },
          },
          color: {
            field: 'moment',
            type: 'nominal',
            sort: moments,
            scale: { domain: moments, range: [okabeIto[1], okabeIto[0]] },
            legend: { orient: 'top', title: null },
          },
        },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 4, fontSize: 9, color: '#222222' },
        encoding: {
          y,
          yOffset,
          x: { field: 'probability', type: 'quantitative' },
          text: { field: 'text', type: 'nominal' },
        },
      },
    ],
  });
}

/** Nothing where the bar is as good as absent. */
const written = (probability: number): string =>
  probability < 0.005 ? '' : `${(100 * probability).toFixed(probability >= 0.995 ? 0 : 1)} %`;
