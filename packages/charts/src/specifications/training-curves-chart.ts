/** Lines over training steps, each point the mean of a stretch of steps. */
import { type ChartSpec, chart } from './chart-spec.js';
import { seriesEncoding } from './series.js';

export interface TrainingCurvesData {
  readonly curves: readonly {
    readonly name: string;
    /** A value a step. */
    readonly values: readonly number[];
  }[];
  /** What the values are; default: Loss. */
  readonly valueTitle?: string;
  readonly title?: string;
}

const points = 40;

/** Losses or other figures over the steps of a training. */
export function trainingCurvesChart({ curves, valueTitle = 'Loss', title }: TrainingCurvesData): ChartSpec {
  const names = curves.map(({ name }) => name);
  return chart({
    ...(title === undefined ? {} : { title }),
    width: 330,
    height: 200,
    data: {
      values: curves.flatMap(({ name, values }) => averaged(values).map((point) => ({ curve: name, ...point }))),
    },
    mark: { type: 'line', strokeWidth: 2, interpolate: 'monotone' },
    encoding: {
      x: { field: 'step', type: 'quantitative', title: 'Step', axis: { format: ',d', tickCount: 5 } },
      y: { field: 'value', type: 'quantitative', title: valueTitle, axis: { format: '~g', tickCount: 4 } },
      ...seriesEncoding('curve', names, 'Curve', { orient: 'top' }),
    },
  });
}

function averaged(values: readonly number[]): { readonly step: number; readonly value: number }[] {
  const stretch = Math.max(1, Math.ceil(values.length / points));
  return Array.from({ length: Math.ceil(values.length / stretch) }, (_, i) => {
    const part = values.slice(i * stretch, (i + 1) * stretch);
    return {
      step: i * stretch + (part.length + 1) / 2,
      value: part.reduce((sum, each) => sum + each, 0) / part.length,
    };
  });
}
