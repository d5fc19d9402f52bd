/** `editable store budget`: what the repairs have cost, what more of them will, and when to retrain. */
import { defineCommand, exitCodes } from '../../command.js';
import { wholeNumber } from '../../options/kinds.js';
import { type OutputFlags, outputOptions } from '../../options/shared.js';
import { type BudgetFlags, budgetOptions, storeArgument } from '../../options/store.js';
import type { OptionTable } from '../../options/table.js';
import { withStore } from './opening.js';

interface BudgetCommandFlags extends BudgetFlags, OutputFlags {
  readonly ahead: number | undefined;
}

const options: OptionTable<BudgetCommandFlags> = {
  ...budgetOptions,
  ahead: {
    kind: wholeNumber({ min: 1 }),
    description: 'further repairs to look ahead (default: as many as the largest release holds, at least 10)',
  },
  ...outputOptions,
};

export const budgetCommand: ReturnType<typeof defineCommand> = defineCommand<BudgetCommandFlags>({
  name: 'budget',
  summary:
    'Show what the repairs cost, release by release, foresee what more of them will, and advise when to retrain.',
  arguments: [storeArgument],
  options,
  examples: ['store budget STORE', 'store budget STORE --drawdown 0.002 --ahead 100'],
  run: ([folder], { drawdown, negativeFlips, ahead }, console) =>
    withStore(folder, async (store) => {
      const { budgetOf } = await import('@editable/workspace');
      const { describeBudget } = await import('../../report/budget-text.js');
      const report = budgetOf(store, { budget: { drawdown, negativeFlips }, ahead });
      console.print(describeBudget(report));
      console.result({ store: folder, ...report });
      return exitCodes.done;
    }),
});
