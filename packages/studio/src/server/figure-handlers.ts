/** What the figures of a page are drawn of. */
import { existsSync } from 'node:fs';
import { budgetOf, figuresOf, usualBudget } from '@editable/workspace';
import type { SomeHandlers } from './handling.js';
import type { Parts } from './parts.js';

type Names = 'budget' | 'analysis';

export function figureHandlers({ store }: Parts): SomeHandlers<Names> {
  return {
    budget: ({ query: { ahead, drawdown, negativeFlips } }) =>
      budgetOf(store, {
        budget: {
          drawdown: drawdown ?? usualBudget.drawdown,
          negativeFlips: negativeFlips ?? usualBudget.negativeFlips,
        },
        ahead,
      }),
    // Evaluations are kept with the run that the base was taken from: a run that is gone has none.
    analysis: () => {
      const { from } = store.base;
      return existsSync(from) ? figuresOf(from) : { evaluations: [], training: [] };
    },
  };
}
