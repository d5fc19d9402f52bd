/** What repairs cost release by release, what more of them are foreseen to, and the budget that they may not pass. */
import { type ChartSpec, chart, okabeIto } from './chart-spec.js';

export interface BudgetData {
  /** Releases, in any order. All values are shares, 0 to 1. */
  readonly measured: readonly {
    readonly repairs: number;
    readonly value: number;
    /** 95 %; left out: none is drawn. */
    readonly interval?: readonly [low: number, high: number];
  }[];
  /** From the largest number of repairs on. */
  readonly forecast: readonly {
    readonly repairs: number;
    readonly expected: number;
    /** 95 %; null: unknown. */
    readonly interval: readonly [low: number, high: number] | null;
  }[];
  readonly limit: number;
  readonly valueTitle: string;
  readonly title?: string;
}

/** Measured points joined by a line, the forecast dashed with a pale band, the budget as a dotted line. */
export function budgetChart({ measured, forecast, limit, valueTitle, title }: BudgetData): ChartSpec {
  const points = [...measured].sort((a, b) => a.repairs - b.repairs);
  const last = points.at(-1);
  // The forecast starts where the releases end, without doubt.
  const start =
    last === undefined ? [] : [{ repairs: last.repairs, expected: last.value, low: last.value, high: last.value }];
  const ahead = [
    ...start,
    ...forecast.map(({ repairs, expected, interval }) => ({
      repairs,
      expected,
      low: interval?.[0] ?? null,
      high: interval?.[1] ?? null,
    })),
  ];
  const [blue, orange] = okabeIto as [string, string];
  const x = {
    field: 'repairs',
    type: 'quantitative',
    title: 'Number of repairs',
    scale: { nice: false, zero: true },
    axis: { format: ',d', tickMinStep: 1 },
  };
  const y = { type: 'quantitative', title: valueTitle, axis: { format: '~%', tickCount: 6 } };
  return chart({
    ...(title === undefined ? {} : { title }),
    width: 400,
    height: 240,
    layer: [
      {
        data: { values: ahead.filter(({ low }) => low !== null) },
        mark: { type: 'area', opacity: 0.18, color: orange },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
      },
      {
        data: { values: ahead },
        mark: { type: 'line', strokeDash: [5, 4], strokeWidth: 2, color: orange },
        encoding: { x, y: { ...y, field: 'expected' } },
      },
      {
        data: { values: points.map(({ repairs, interval }) => ({ repairs, low: interval?.[0], high: interval?.[1] })) },
        transform: [{ filter: 'isValid(datum.low)' }],
        mark: { type: 'rule', color: blue, opacity: 0.55 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
      },
      {
        data: { values: points.map(({ repairs, value }) => ({ repairs, value })) },
        mark: { type: 'line', color: blue, strokeWidth: 2, point: { filled: true, size: 60, color: blue } },
        encoding: { x, y: { ...y, field: 'value' } },
      },
      {
        data: { values: [{ limit, label: 'budget' }] },
        mark: { type: 'rule', color: '#222222', strokeDash: [2, 3] },
        encoding: { y: { ...y, field: 'limit' } },
      },
      {
        data: { values: [{ limit, label: 'budget' }] },
        mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 4, dy: -3, color: '#222222', x: 0 },
        encoding: { y: { ...y, field: 'limit' }, text: { field: 'label' } },
      },
    ],
  });
}
