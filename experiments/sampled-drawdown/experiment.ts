/** Sampled drawdown beside exact drawdown: whether the stated intervals hold, and what they save (beyond the paper). */
import type { Claim, Column, Experiment, NamedRow } from '../shared/experiment.js';
import { bothTrainings } from '../shared/model-editor.js';
import { percent, shortTime } from '../shared/numbers.js';
import type { Scale } from '../shared/scale.js';
import { scales } from '../shared/scales.js';
import type { PrecisionFigures, SamplingRow } from './judgments.js';
import { measureSampling } from './measure.js';

type Row = NamedRow<SamplingRow>;

/** The paper's N: so many edits, each judged to ± 0.1 · √N points, give their mean to ± 0.1 points. */
const evaluationEdits = 1000;
const evaluationHalfWidth = 0.001;
const perEdit = evaluationHalfWidth * Math.sqrt(evaluationEdits);

/** Every half-width that any scale asks for has a column; those of other scales stay empty. */
const halfWidths = [...new Set(Object.values(scales).flatMap(({ sampling }) => sampling.halfWidths))].sort(
  (a, b) => b - a,
);

const figuresAt = (row: Row, halfWidth: number): PrecisionFigures | undefined =>
  row.precisions.find((each) => Math.abs(each.halfWidth - halfWidth) < 1e-9);

const column = (halfWidth: number): Column<SamplingRow> => ({
  title: halfWidth === perEdit ? 'Mean of 1,000 edits ± 0.1 %' : `One edit ± ${percent(halfWidth, 2)}`,
  right: true,
  cell: (row) => {
    const found = figuresAt(row, halfWidth);
    if (found === undefined) return '';
    return `${found.held} hold, ${found.meanJudged.toFixed(0)} images, ${found.timesFaster.toFixed(1)} ×`;
  },
});

const everyRow = (rows: readonly Row[], holds: (row: Row) => boolean, show: (row: Row) => string) =>
  rows.length === 0 ? null : { holds: rows.every(holds), because: rows.map(show).join('; ') };

const claims: readonly Claim<SamplingRow>[] = [
  {
    text: 'The exact drawdown lies within the stated interval for at least 95 of 100 edits, all precisions taken together.',
    holds: (rows) => {
      if (rows.length === 0) return null;
      const all = rows.flatMap(({ edits, precisions }) => precisions.map(({ held }) => ({ held, edits })));
      const sum = (of: 'held' | 'edits'): number => all.reduce((total, each) => total + each[of], 0);
      const each = rows.map(
        ({ name, edits, precisions }) => `${name} ${precisions.map(({ held }) => held).join(', ')} of ${edits}`,
      );
      const share = sum('held') / sum('edits');
      return { holds: share >= 0.95, because: `${percent(share, 1)} of ${sum('edits')}; ${each.join('; ')}` };
    },
  },
  {
    text: 'The same, at every precision of every model apart.',
    holds: (rows) =>
      everyRow(
        rows,
        ({ edits, precisions }) => precisions.every(({ held }) => held >= 0.95 * edits),
        ({ name, edits, precisions }) =>
          `${name} ${Math.min(...precisions.map(({ held }) => held))} of ${edits} at the least`,
      ),
  },
  {
    text: 'Mean drawdown of 1,000 edits to ± 0.1 % is at least 20 times faster than exactly.',
    holds: (rows) =>
      everyRow(
        rows,
        (row) => (figuresAt(row, perEdit)?.timesFaster ?? 0) >= 20,
        (row) => `${row.name} ${figuresAt(row, perEdit)?.timesFaster.toFixed(1) ?? 'not measured'} ×`,
      ),
  },
  {
    text: 'Judging in bfloat16, uncertain images again in float32, gives the classes of float32.',
    holds: (rows) =>
      everyRow(
        rows,
        ({ differing }) => differing === 0,
        ({ name, differing, edits, testImages }) =>
          `${name} ${differing} of ${(edits * testImages).toLocaleString('en-US')} differ`,
      ),
  },
];

export const sampledDrawdown: Experiment<SamplingRow> = {
  name: 'sampled-drawdown',
  title: 'Drawdown from samples and in bfloat16',
  plans: (scale: Scale) =>
    bothTrainings(scale).map((training) => ({
      name: training === 'plain' ? 'plain' : 'editable',
      setup: { sampling: scale.sampling, training },
      paper: null,
      measure: (session) => measureSampling(session, training, scale.sampling),
    })),
  testImages: () => null,
  columns: [
    { title: 'Model', cell: ({ training }) => training },
    { title: 'Drawdown', right: true, cell: ({ drawdown }) => percent(drawdown) },
    { title: 'Edits', right: true, cell: ({ edits }) => String(edits) },
    { title: 'All images, float32', right: true, cell: ({ secondsExact }) => shortTime(secondsExact) },
    { title: 'bfloat16', right: true, cell: ({ secondsReduced }) => shortTime(secondsReduced) },
    ...halfWidths.map(column),
  ],
  claims,
};
