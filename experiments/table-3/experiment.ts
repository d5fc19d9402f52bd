/** Table 3: Editable Training beside plain training and the baselines; beyond it, the workarounds of section 1. */
import type { Experiment, RowPlan } from '../shared/experiment.js';
import { ownEditor } from '../shared/model-editor.js';
import type { Training } from '../shared/models.js';
import { finePrecision, naturalPlan } from '../shared/natural-rows.js';
import { comparedColumns, repairColumns } from '../shared/repair-columns.js';
import { repairPlan } from '../shared/repair-plan.js';
import type { RepairRow, RepairSetup } from '../shared/repair-row.js';
import type { ControlChoice, EditableChoice, Scale } from '../shared/scale.js';
import { claims } from './claims.js';
import { paper } from './paper.js';

export const table3: Experiment<RepairRow> = {
  name: 'table-3',
  title: 'Table 3: Editable Training and what it is compared with',
  plans: (scale) => [
    ...plainPlans(scale),
    ...scale.controls.map(controlPlan),
    ...scale.editable.map(editablePlan),
    ...otherPlans(scale),
    ...mistakePlans(scale),
    ...naturalPlans(scale),
  ],
  columns: [...comparedColumns, repairColumns.time, repairColumns.memory, repairColumns.edits],
  claims,
};

const plainPlans = ({ chain, layers }: Scale): readonly RowPlan<RepairRow>[] => [
  repairPlan(
    'plain-gd',
    { training: 'plain', method: { kind: 'editor', editor: 'gd', layers: ['all'] } },
    paper['plain-gd'],
  ),
  repairPlan(
    'plain-rmsprop',
    { training: 'plain', method: { kind: 'editor', editor: 'rmsprop', layers: [chain] } },
    paper['plain-rmsprop'],
  ),
  // Beyond the paper: its rows above are its best; on another network another editor is.
  repairPlan('plain-card', { training: 'plain', method: { kind: 'card', layers } }),
];

/** Edited by the editor that it was trained for, tuned for it. */
const editablePlan = (choice: EditableChoice): RowPlan<RepairRow> =>
  repairPlan(choice.name, setupOf(choice, choice), choice.paper === null ? null : (paper[choice.paper] ?? null));

const controlPlan = ({ name, of, model }: ControlChoice): RowPlan<RepairRow> => repairPlan(name, setupOf(model, of));

/** Judging edits of an extra layer on every image is cheap. */
const setupOf = (training: Training, choice: EditableChoice): RepairSetup => ({
  training,
  method: { kind: 'editor', ...ownEditor(choice) },
  exact: choice.layers.every((each) => each === 'extra'),
});

function otherPlans({ chain, conditional, neighbors, retraining, rehearsal }: Scale): readonly RowPlan<RepairRow>[] {
  const { edits, ...settings } = retraining;
  return [
    repairPlan('cnp', { training: 'plain', method: { kind: 'cnp', ...conditional } }, paper.cnp),
    ...neighbors.map((k) =>
      repairPlan(`dknn-${k}`, { training: 'plain', method: { kind: 'dknn', k }, exact: true }, paper[`dknn-${k}`]),
    ),
    repairPlan('lookup-table', { training: 'plain', method: { kind: 'lookup-table' }, exact: true }),
    repairPlan('retraining', { training: 'plain', method: { kind: 'retraining', ...settings }, edits }),
    repairPlan('rehearsal', {
      training: 'plain',
      method: { kind: 'rehearsal', editor: 'rmsprop', layers: [chain], ...rehearsal },
    }),
  ];
}

/** Beyond the paper: the natural editor, for which nothing is tuned, on models with and without Editable Training. */
const naturalPlans = (scale: Scale): readonly RowPlan<RepairRow>[] => {
  const { chain, controls, editable } = scale;
  const plain = { training: 'plain', layers: chain, ...finePrecision(scale) } as const;
  const models = [...controls, ...editable.map((choice) => ({ name: choice.name, model: choice, of: choice }))];
  return [
    naturalPlan('plain-natural', plain),
    naturalPlan('plain-natural-16', { ...plain, views: 16, ...finePrecision(scale, 16) }),
    ...models.map(({ name, model, of }) => {
      const [layers = chain] = of.layers;
      const judged = layers === 'extra' ? { exact: true } : finePrecision(scale);
      return naturalPlan(`${name}-natural`, { training: model, layers, ...judged });
    }),
  ];
};

/** Real mistakes and their true labels, in place of random targets. */
const mistakePlans = ({ chain, editable: [first] }: Scale): readonly RowPlan<RepairRow>[] => [
  repairPlan('plain-mistakes', {
    training: 'plain',
    method: { kind: 'editor', editor: 'rmsprop', layers: [chain] },
    targets: 'mistakes',
  }),
  ...(first === undefined
    ? []
    : [
        repairPlan('editable-mistakes', {
          training: first,
          method: { kind: 'editor', ...ownEditor(first) },
          targets: 'mistakes',
        }),
      ]),
];
