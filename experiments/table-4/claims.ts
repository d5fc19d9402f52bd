/** What the paper concludes from its Table 4, and what is asked of ours. */
import { lessDrawdown, named, repairFigures } from '../shared/claims.js';
import type { Claim, NamedRow } from '../shared/experiment.js';
import type { RepairRow } from '../shared/repair-row.js';

/** The paper's own: 0.57 % against 2.80 %. */
const paperFactor = 0.57 / 2.8;

/** The row of the trained layer, and those of these models by the same editor; null where one is missing. */
const bySameEditor = (rows: readonly NamedRow<RepairRow>[], models: readonly string[]) => {
  const editable = rows.find(({ name }) => name === 'editable-extra');
  const others = models.flatMap(
    (model) => rows.find(({ name, editor }) => name.startsWith(model) && editor === editable?.editor) ?? [],
  );
  return editable === undefined || others.length < models.length ? null : { editable, others };
};

export const claims: readonly Claim<RepairRow>[] = [
  {
    text: 'An extra layer that was fine-tuned has less drawdown than one that was not, edited by the same editor.',
    holds: (rows) => {
      const found = bySameEditor(rows, ['distilled-extra', 'pretrained-extra']);
      if (found === null) return null;
      const [distilled, pretrained] = found.others as [NamedRow<RepairRow>, NamedRow<RepairRow>];
      const because = `${repairFigures(distilled)} and ${repairFigures(found.editable)} against ${repairFigures(pretrained)}`;
      return { holds: Math.max(distilled.drawdown, found.editable.drawdown) < pretrained.drawdown, because };
    },
  },
  {
    text: "Editable fine-tuning of the extra layer has at most 0.2 times the drawdown of distillation, the paper's factor, edited by the same editor.",
    holds: (rows) => {
      const found = bySameEditor(rows, ['distilled-extra']);
      if (found === null) return null;
      const { editable, others } = found;
      const [distilled] = others as [NamedRow<RepairRow>];
      const ratio = editable.drawdown / distilled.drawdown;
      const because = `${repairFigures(editable)} has ${ratio.toFixed(2)} × the drawdown of ${repairFigures(distilled)}`;
      return { holds: ratio <= paperFactor, because };
    },
  },
  lessDrawdown(
    'Editing the extra layer after Editable fine-tuning has less drawdown than editing chain 3 of the pre-trained network (other layers, and perhaps another editor).',
    ['editable-extra'],
    ['pretrained-chain3'],
  ),
  {
    text: 'Natural-gradient edits of chain 3 to random targets cost at most 0.5 points, on the network as it was published (beyond the paper).',
    holds: (rows) => {
      const [row] = named(rows, ['pretrained-chain3-natural']) ?? [];
      return row === undefined ? null : { holds: row.drawdown <= 0.005, because: repairFigures(row) };
    },
  },
];
