/** What the paper concludes from its Table 4, and what is asked of ours. */
import { lessDrawdown, named, repairFigures } from '../shared/claims.js';
import type { Claim } from '../shared/experiment.js';
import type { RepairRow } from '../shared/repair-row.js';

/** The paper's own: 0.57 % against 2.80 %. */
const paperFactor = 0.57 / 2.8;

export const claims: readonly Claim<RepairRow>[] = [
  lessDrawdown(
    'An extra layer that was fine-tuned has less drawdown than one that was not.',
    ['distilled-extra', 'editable-extra'],
    ['pretrained-extra'],
  ),
  {
    text: "Editable fine-tuning of the extra layer has at most 0.2 times the drawdown of distillation, the paper's factor, edited by the same editor.",
    holds: (rows) => {
      const editable = rows.find(({ name }) => name === 'editable-extra');
      const distilled = rows.find(
        ({ name, editor }) => name.startsWith('distilled-extra') && editor === editable?.editor,
      );
      if (editable === undefined || distilled === undefined) return null;
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
