/** Table 4: Editable fine-tuning of a network trained on ImageNet (section 4.3), and natural-gradient edits beside it. */
import type { Experiment, RowPlan } from '../shared/experiment.js';
import { ownEditor } from '../shared/model-editor.js';
import type { Training } from '../shared/models.js';
import { finePrecision, naturalPlan } from '../shared/natural-rows.js';
import { photographScales } from '../shared/photograph-scales.js';
import { comparedColumns, repairColumns } from '../shared/repair-columns.js';
import { repairPlan } from '../shared/repair-plan.js';
import type { RepairRow } from '../shared/repair-row.js';
import type { Scale } from '../shared/scale.js';
import { claims } from './claims.js';
import { paperOf } from './paper.js';

const extra = 'extra';

export const table4: Experiment<RepairRow> = {
  name: 'table-4',
  title: 'Table 4: Editable fine-tuning of a pre-trained network',
  scales: photographScales,
  plans: (scale) => [...paperPlans(scale), ...naturalPlans(scale)],
  columns: [...comparedColumns, repairColumns.time, repairColumns.edits],
  claims,
};

const paperPlans = (scale: Scale): readonly RowPlan<RepairRow>[] => {
  const paper = paperOf(scale);
  const row = (name: string, training: Training, editor: 'rmsprop' | 'gd', layers: string): RowPlan<RepairRow> =>
    repairPlan(
      name,
      { training, method: { kind: 'editor', editor, layers: [layers] }, ...(layers === extra ? { exact: true } : {}) },
      paper[name],
    );
  return [
    row('pretrained-chain3', 'plain', 'rmsprop', scale.chain),
    row('pretrained-extra', 'plain', 'rmsprop', extra),
    row('pretrained-extra-gd', 'plain', 'gd', extra),
    ...scale.controls.flatMap(({ name, model }) => [
      row(name, model, 'rmsprop', extra),
      row(`${name}-gd`, model, 'gd', extra),
    ]),
    ...scale.editable.map((choice) =>
      repairPlan(
        choice.name,
        { training: choice, method: { kind: 'editor', ...ownEditor(choice) }, exact: choice.layers[0] === extra },
        paper[choice.name],
      ),
    ),
  ];
};

/** Nothing is tuned for it. */
const naturalPlans = (scale: Scale): readonly RowPlan<RepairRow>[] => [
  naturalPlan('pretrained-chain3-natural', { training: 'plain', layers: scale.chain, ...finePrecision(scale) }),
  naturalPlan('pretrained-chain3-natural-16', {
    training: 'plain',
    layers: scale.chain,
    views: 16,
    ...finePrecision(scale, 16),
  }),
  ...scale.editable.map((choice) =>
    naturalPlan(`${choice.name}-natural`, { training: choice, layers: choice.layers[0] as string, exact: true }),
  ),
];
