/** Table 5: repairs of photographs that a network gets wrong (section 4.3.1), in place of natural adversarial examples. */
import type { Experiment, RowPlan } from '../shared/experiment.js';
import { ownEditor } from '../shared/model-editor.js';
import { finePrecision, naturalPlan } from '../shared/natural-rows.js';
import { photographScales } from '../shared/photograph-scales.js';
import { comparedColumns, repairColumns } from '../shared/repair-columns.js';
import { repairPlan } from '../shared/repair-plan.js';
import type { RepairRow } from '../shared/repair-row.js';
import type { EditableChoice, Scale } from '../shared/scale.js';
import { claims } from './claims.js';
import { paper } from './paper.js';
import { trainings } from './trainings.js';

export const table5: Experiment<RepairRow> = {
  name: 'table-5',
  title: 'Table 5: repairs of natural mistakes',
  scales: photographScales,
  plans: (scale) => [...paperPlans(scale), ...naturalPlans(scale)],
  columns: [...comparedColumns, repairColumns.edits],
  claims,
};

/** Every model is edited by the editor that the editable one was trained for, tuned for each with the same effort. */
const paperPlans = (scale: Scale): readonly RowPlan<RepairRow>[] => {
  const [editable] = scale.editable as readonly [EditableChoice];
  return trainings(scale).map(({ name, training }) =>
    repairPlan(
      name,
      { training, method: { kind: 'editor', ...ownEditor(editable) }, targets: 'mistakes', exact: true },
      paper[name],
    ),
  );
};

/** Nothing is tuned for it. */
const naturalPlans = (scale: Scale): readonly RowPlan<RepairRow>[] => [
  ...[0, 16].map((views) =>
    naturalPlan(`pretrained-chain3-natural${views === 0 ? '' : `-${views}`}`, {
      training: 'plain',
      layers: scale.chain,
      targets: 'mistakes',
      ...(views === 0 ? {} : { views }),
      ...finePrecision(scale, views),
    }),
  ),
  ...trainings(scale).flatMap(({ name, training }) =>
    name === 'match-ranks'
      ? [naturalPlan(`${name}-natural`, { training, layers: 'extra', targets: 'mistakes', exact: true })]
      : [],
  ),
];
