/** Heat map: which classes suffer when an image of a class is edited, a panel for each model (Figure 2, left). */
import { ChartError } from '../errors.js';
import { type ChartSpec, chart } from './chart-spec.js';

export interface ClassDrawdownData {
  readonly classes: readonly string[];
  readonly models: readonly {
    readonly name: string;
    /** [edited class][affected class]: mean change of the affected class's share of errors; null where not known. */
    readonly mean: readonly (readonly (number | null)[])[];
  }[];
  readonly title?: string;
}

const cell = 38;

/**
 * All panels share one scale, symmetric about zero: blue where errors became fewer, orange where they became more.
 *
 * @throws ChartError INVALID_ARGUMENT where a matrix is not classes × classes.
 */
export function classDrawdownChart({ classes, models, title }: ClassDrawdownData): ChartSpec {
  for (const { name, mean } of models) checkSquare(name, mean, classes.length);
  const values = models.flatMap(({ name, mean }) =>
    mean.flatMap((row, edited) =>
      row.map((drawdown, affected) => ({
        model: name,
        edited: classes[edited],
        affected: classes[affected],
        points: drawdown === null ? null : drawdown * 100,
        unknown: '–',
      })),
    ),
  );
  const largest = Math.max(...values.map(({ points }) => Math.abs(points ?? 0)), 0.1);
  const axis = { sort: classes, type: 'nominal' };
  return chart({
    ...(title === undefined ? {} : { title }),
    data: { values },
    facet: { column: { field: 'model', type: 'nominal', sort: models.map(({ name }) => name), title: null } },
    spec: {
      width: cell * classes.length,
      height: cell * classes.length,
      encoding: {
        x: { ...axis, field: 'affected', title: 'Class whose error changes', axis: { labelAngle: -45 } },
        y: { ...axis, field: 'edited', title: 'Class of the edited image' },
      },
      layer: [
        {
          mark: { type: 'rect', stroke: 'white', strokeWidth: 1, invalid: 'filter' },
          encoding: {
            color: {
              field: 'points',
              type: 'quantitative',
              scale: { scheme: 'blueorange', domain: [-largest, largest], domainMid: 0 },
              legend: {
                title: ['Change of error', '(percentage points)'],
                labelExpr: "datum.value === 0 ? '0' : format(datum.value, '+.1f')",
                values: [-1, -0.5, 0, 0.5, 1].map((share) => share * largest),
                gradientLength: (cell * classes.length) / 2,
              },
            },
          },
        },
        {
          transform: [{ filter: 'isValid(datum.points)' }],
          mark: { type: 'text', fontSize: 10 },
          encoding: {
            text: { field: 'points', type: 'quantitative', format: largest < 10 ? '.2f' : '.1f' },
            color: { condition: { test: `abs(datum.points) > ${0.7 * largest}`, value: 'white' }, value: '#222222' },
          },
        },
        {
          transform: [{ filter: '!isValid(datum.points)' }],
          mark: { type: 'text', fontSize: 10, color: '#888888' },
          encoding: { text: { field: 'unknown', type: 'nominal' } },
        },
      ],
    },
  });
}

function checkSquare(name: string, mean: ClassDrawdownData['models'][number]['mean'], classes: number): void {
  if (mean.length === classes && mean.every((row) => row.length === classes)) return;
  throw new ChartError(
    'INVALID_ARGUMENT',
    `classDrawdownChart: expected ${classes} rows of ${classes} numbers for "${name}", received rows of ${mean.map((row) => row.length)}.`,
  );
}
