/** What a release may cost, and whether it may be activated: it needs a check that passed and was no laxer than usual. */
import { z } from 'zod';

export interface Budget {
  /** Most that the test error may have risen, 0 to 1. */
  readonly drawdown: number;
  /** Most right answers turned wrong, as a share of the pictures judged. */
  readonly negativeFlips: number;
  /** Least share of a repair's unseen views that must follow; left out: as many as when it was released, less one. */
  readonly generality?: number | undefined;
}

export const usualBudget: Budget = { drawdown: 0.005, negativeFlips: 0.01 };

export const budgetSchema: z.ZodType<Budget> = z.strictObject({
  drawdown: z.number(),
  negativeFlips: z.number(),
  generality: z.number().optional(),
});

/** What a check found, as the journal keeps it. */
export interface Checked {
  readonly passed: boolean;
  readonly budget: Budget;
  /** Test pictures that the cost was measured on; 0 where the files could not be used. */
  readonly images: number;
}

/**
 * Why a release may not be activated, as the end of a sentence; null where it may.
 *
 * @param last its last check; undefined where there is none
 * @param images test pictures that it was measured on when it was made: a check on fewer says less
 */
export function whyNotActivated(last: Checked | undefined, images: number): string | null {
  if (last === undefined) return 'has not been checked';
  if (!last.passed) return 'failed its last check';
  if (last.images < images) return `was checked on ${last.images} test pictures, and measured on ${images}`;
  if (last.budget.drawdown > usualBudget.drawdown || last.budget.negativeFlips > usualBudget.negativeFlips)
    return `was checked against a laxer budget than the usual (a drawdown of ${usualBudget.drawdown}, ${usualBudget.negativeFlips} right answers turned wrong)`;
  // What it reached when it was released is the usual measure of its views.
  return last.budget.generality === undefined ? null : 'was checked for a generality of its own, not for the usual one';
}
