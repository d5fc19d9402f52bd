/** A dot an edit: how the drawdowns of each row's edits are distributed, all on one scale. */
import { type ChartSpec, chart, okabeIto } from './chart-spec.js';

export interface DrawdownDotsData {
  readonly rows: readonly {
    readonly name: string;
    /** Drawn in the first colour; the others in the second. */
    readonly highlighted: boolean;
    readonly mean: number;
    /** 95 % interval of the mean. */
    readonly interval: readonly [low: number, high: number];
    readonly edits: readonly {
      /** Change of test error, 0 to 1. */
      readonly drawdown: number;
      /** What the dot is of, for whoever rests a pointer on it or cannot see it. */
      readonly label: string;
    }[];
  }[];
  readonly title?: string;
}

const [width, rowHeight, stacks] = [620, 110, 72];

/** Dots of edits that cost alike are stacked. */
export function drawdownDotsChart({ rows, title }: DrawdownDotsData): ChartSpec {
  const all = rows.flatMap(({ edits }) => edits.map(({ drawdown }) => drawdown));
  const [low, high] = [Math.min(0, ...all), Math.max(1e-9, ...all)];
  const step = (high - low) / stacks;
  const stacked = rows.map(({ edits }) => stackedEdits(edits, { low, step }));
  const tallest = Math.max(1, ...stacked.flat().map(({ level }) => level + 1));
  const names = rows.map(({ name, mean }) => `${name}: mean ${signed(mean)}`);
  const values = rows.flatMap(({ highlighted, mean, interval }, i) => [
    ...(stacked[i] as readonly Stacked[]).map((dot) => ({ row: names[i], highlighted, kind: 'edit', ...dot })),
    { row: names[i], highlighted, kind: 'mean', drawdown: mean, low: interval[0], high: interval[1], level: -0.6 },
  ]);
  const x = {
    field: 'drawdown',
    type: 'quantitative',
    title: 'Change of test error by an edit',
    scale: { domain: [low - step, high + step], nice: false, zero: false },
    axis: { format: '+.1%', tickCount: 6, grid: false },
  };
  const y = { field: 'level', type: 'quantitative', axis: null, scale: { domain: [-1.2, tallest], nice: false } };
  const color = {
    condition: { test: 'datum.highlighted', value: okabeIto[0] as string },
    value: okabeIto[1] as string,
  };
  const size = Math.min(60, (0.9 * Math.min(width / stacks, rowHeight / (tallest + 1.2))) ** 2);
  return chart({
    ...(title === undefined ? {} : { title }),
    data: { values },
    facet: { row: { field: 'row', type: 'nominal', sort: names, title: null, header: headerAbove } },
    spacing: 14,
    spec: {
      width,
      height: rowHeight,
      layer: [
        {
          mark: { type: 'rule', color: '#888888', strokeDash: [3, 3] },
          encoding: { x: { datum: 0, type: 'quantitative' } },
        },
        {
          transform: [{ filter: "datum.kind === 'edit'" }],
          mark: { type: 'point', filled: true, opacity: 1, size },
          encoding: { x, y, color, description: { field: 'label', type: 'nominal' } },
        },
        {
          transform: [{ filter: "datum.kind === 'mean'" }],
          mark: { type: 'rule', strokeWidth: 4 },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, color },
        },
        {
          transform: [{ filter: "datum.kind === 'mean'" }],
          mark: { type: 'tick', thickness: 2, size: 12, color: '#222222' },
          encoding: { x, y },
        },
      ],
    },
  });
}

const headerAbove = { labelAngle: 0, labelOrient: 'top', labelAnchor: 'start', labelPadding: 2, labelFontSize: 12 };

interface Stacked {
  readonly drawdown: number;
  /** From below, from 0. */
  readonly level: number;
  readonly label: string;
}

function stackedEdits(
  edits: DrawdownDotsData['rows'][number]['edits'],
  { low, step }: { readonly low: number; readonly step: number },
): readonly Stacked[] {
  const heights = new Map<number, number>();
  return edits.map(({ drawdown, label }) => {
    const stack = Math.min(stacks - 1, Math.floor((drawdown - low) / step));
    const level = heights.get(stack) ?? 0;
    heights.set(stack, level + 1);
    return { drawdown: low + (stack + 0.5) * step, level, label };
  });
}

const signed = (rate: number): string => `${rate < 0 ? '−' : '+'}${(100 * Math.abs(rate)).toFixed(1)} %`;
