/** What the paper concludes from its Table 5; each compares the same editor on the same layer. */
import { lessDrawdown, named, repairFigures } from '../shared/claims.js';
import type { Claim } from '../shared/experiment.js';
import type { RepairRow } from '../shared/repair-row.js';

export const claims: readonly Claim<RepairRow>[] = [
  lessDrawdown(
    'Editable Training on random targets has less drawdown on natural mistakes than the pre-trained and the distilled network.',
    ['random-edits'],
    ['pretrained', 'distilled'],
  ),
  lessDrawdown(
    'Targets drawn by the rank of right answers have less drawdown than random ones.',
    ['match-ranks'],
    ['random-edits'],
  ),
  {
    text: 'Training on natural mistakes themselves fares no better than matching ranks.',
    holds: (rows) => {
      const found = named(rows, ['train-on-mistakes', 'match-ranks']);
      if (found === null) return null;
      const [mistakes, ranks] = found as [(typeof found)[0], (typeof found)[0]];
      return { holds: mistakes.drawdown >= ranks.drawdown, because: found.map(repairFigures).join(', ') };
    },
  },
  {
    text: 'Natural-gradient repairs of natural mistakes cost at most 0.1 points, on the network as it was published (beyond the paper).',
    holds: (rows) => {
      const row = rows.find(({ name }) => name === 'pretrained-chain3-natural');
      return row === undefined ? null : { holds: row.drawdown <= 0.001, because: repairFigures(row) };
    },
  },
];
