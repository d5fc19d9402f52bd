/** Locality against generality: every editor's drawdown beside the share of unseen views that follow (beyond the paper). */
import { join } from 'node:path';
import { localityGeneralityChart } from '@editable/charts';
import type { EditorName } from 'editable';
import { usualCurvature } from '../shared/curvature-choice.js';
import type { Claim, Experiment, FigureOptions, NamedRow, RowPlan } from '../shared/experiment.js';
import { writeFigure } from '../shared/figure-file.js';
import type { Method } from '../shared/methods.js';
import { ownEditor } from '../shared/model-editor.js';
import { byPolyak, finePrecision, natural } from '../shared/natural-rows.js';
import { percent } from '../shared/numbers.js';
import { repairColumns } from '../shared/repair-columns.js';
import { repairPlan } from '../shared/repair-plan.js';
import type { RepairRow } from '../shared/repair-row.js';
import type { Scale } from '../shared/scale.js';
import { paperEditors } from '../shared/tuned-editor.js';

type Row = NamedRow<RepairRow>;

export const localityGenerality: Experiment<RepairRow> = {
  name: 'locality-generality',
  title: 'Locality against generality',
  plans: (scale) => [...tunedPlans(scale), ...polyakPlans(scale), ...naturalPlans(scale), ...combinedPlans(scale)],
  columns: [
    repairColumns.row,
    repairColumns.editor,
    repairColumns.layers,
    { title: 'Views', right: true, cell: ({ views = 0 }) => String(views) },
    { title: 'Margin', right: true, cell: ({ margin = 0 }) => String(margin) },
    repairColumns.drawdown,
    { title: 'Sampling ±', right: true, cell: ({ samplingError }) => percent(samplingError) },
    repairColumns.generality,
    repairColumns.success,
    repairColumns.steps,
    repairColumns.time,
    repairColumns.edits,
  ],
  claims: [
    {
      text: 'No editor with the usual metric reaches further than the natural one at as little drawdown.',
      holds: (rows) => naturalIsAbove(rows),
    },
  ],
  figures: draw,
};

/** As tables 1 and 3 have them: measured there, not again. */
const tunedPlans = ({ layers, editable: [first] }: Scale): readonly RowPlan<RepairRow>[] => [
  ...paperEditors.map((editor) =>
    repairPlan(`tuned-${editor}`, { training: 'plain', method: { kind: 'editor', editor, layers } }),
  ),
  ...(first === undefined
    ? []
    : [
        repairPlan(`tuned-${first.name}`, {
          training: first,
          method: { kind: 'editor', ...ownEditor(first) },
          exact: first.layers.every((each) => each === 'extra'),
        }),
      ]),
];

const polyakPlans = ({ chain }: Scale): readonly RowPlan<RepairRow>[] => {
  const plan = (editor: Extract<EditorName, 'gd' | 'rmsprop'>, views: number, margin: number): RowPlan<RepairRow> =>
    repairPlan(nameOf(`${editor}-polyak`, { views, margin }), {
      training: 'plain',
      method: byPolyak(editor, chain, { ...(views ? { views } : {}), ...(margin ? { margin } : {}) }),
    });
  return [
    ...[0, 1, 3].map((margin) => plan('gd', 0, margin)),
    ...[4, 16].map((views) => plan('gd', views, 0)),
    ...[0, 16].map((views) => plan('rmsprop', views, 0)),
  ];
};

const naturalPlans = (scale: Scale): readonly RowPlan<RepairRow>[] => {
  const { chain } = scale;
  const plan = (views: number, overshoot: number, margin: number): RowPlan<RepairRow> => {
    const method: Method = natural(chain, { views, overshoot, ...(margin ? { margin } : {}) });
    return repairPlan(nameOf('natural', { views, margin, overshoot }), {
      training: 'plain',
      ...finePrecision(scale, views),
      method,
    });
  };
  return [
    ...[0.1, 0.3, 1, 3].map((overshoot) => plan(0, overshoot, 0)),
    ...[1, 3, 10].map((margin) => plan(0, 0.3, margin)),
    ...[1, 3, 6].map((overshoot) => plan(4, overshoot, 0)),
    ...[1, 3, 6].map((overshoot) => plan(16, overshoot, 0)),
  ];
};

/** With the metric `combined`. */
const combinedPlans = (scale: Scale): readonly RowPlan<RepairRow>[] =>
  [0, 4, 16].map((views) =>
    repairPlan(nameOf('natural-combined', { views, margin: 0 }), {
      training: 'plain',
      ...finePrecision(scale, views),
      method: natural(scale.chain, { views, curvature: { ...usualCurvature, form: 'combined' } }),
    }),
  );

function nameOf(
  editor: string,
  asked: { readonly views: number; readonly margin: number; readonly overshoot?: number },
): string {
  const { views, margin, overshoot } = asked;
  const parts = [
    views ? `views-${views}` : '',
    margin ? `margin-${margin}` : '',
    overshoot ? `overshoot-${overshoot}` : '',
  ];
  return [editor, ...parts.filter((part) => part !== '')].join('-');
}

/** Each other row has a natural one that reaches at least as far at no more drawdown. */
function naturalIsAbove(rows: readonly Row[]): ReturnType<Claim<RepairRow>['holds']> {
  const own = rows.filter(({ editor, training }) => editor === 'natural' && training === 'plain');
  const others = rows.filter((row) => row.editor !== 'natural');
  if (own.length === 0 || others.length === 0) return null;
  const unbeaten = others.filter(
    (other) => !own.some((each) => each.drawdown <= other.drawdown && each.generality >= other.generality),
  );
  const figures = ({ name, drawdown, generality }: Row): string =>
    `${name} ${percent(drawdown)} (generality ${percent(generality, 0)})`;
  if (unbeaten.length > 0) return { holds: false, because: `not beaten: ${unbeaten.map(figures).join(', ')}` };
  return { holds: true, because: `all ${others.length} are beaten, by ${own.map(figures).join(', ')}` };
}

/** One curve a method: the same editor asked for as many views. */
const curveOf = ({ name, editor, views = 0, curvature }: Row): string => {
  if (curvature?.form === 'combined') return 'natural, combined metric';
  if (name.startsWith('tuned-editable')) return 'Editable Training, its own editor';
  if (name.startsWith('tuned-')) return `${editor}, tuned`;
  if (editor !== 'natural') return `${editor}, Polyak’s step`;
  return views === 0 ? 'natural, the input alone' : `natural, ${views} views`;
};

const labelOf = ({ name, editor, views = 0, margin = 0, hyperparameters, curvature }: Row): string => {
  if (name.startsWith('tuned-')) return name.replace('tuned-', '');
  if (margin > 0) return `margin ${margin}`;
  if (editor !== 'natural' || curvature?.form === 'combined') return views > 0 ? `${views} views` : 'no views';
  return `overshoot ${hyperparameters.overshoot}`;
};

async function draw(rows: readonly Row[], { folder, prefix }: FigureOptions): Promise<readonly string[]> {
  // The tuned editors are points of one look: what they are is their labels.
  const tuned = 'tuned editors of table 1';
  const name = (row: Row): string => (curveOf(row).endsWith(', tuned') ? tuned : curveOf(row));
  // The natural editor's curves first: they take the strongest colours.
  const names = [...new Set(rows.map(name))].sort(
    (a, b) => Number(b.startsWith('natural')) - Number(a.startsWith('natural')),
  );
  const curves = names.map((each) => ({
    name: each,
    points: rows
      .filter((row) => name(row) === each)
      .map((row) => ({ ...row, label: labelOf(row) }))
      .sort((a, b) => a.generality - b.generality),
  }));
  const spec = localityGeneralityChart({
    curves: curves.map((each) => ({ name: each.name, joined: each.name !== tuned, points: each.points.map(pointOf) })),
    title: 'What repairs cost elsewhere, and how far they reach',
  });
  return writeFigure(spec, join(folder, `${prefix}-curves`));
}

const pointOf = ({ label, drawdown, drawdownInterval, generality }: Row & { readonly label: string }) => ({
  label,
  drawdown,
  drawdownInterval,
  generality,
});
