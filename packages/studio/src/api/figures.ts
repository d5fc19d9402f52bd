/** What the figures of a page are drawn of: the budget with its forecast, a run's evaluations and training. */
import type { BudgetForecast, BudgetReport, RunFigures } from '@editable/workspace';
import { z } from 'zod';
import { count, hash, time } from './words.js';

/** Of an address. */
export interface BudgetQuery {
  /** Most that the test error may have risen, 0 to 1; default 0.005. */
  readonly drawdown?: number | undefined;
  /** Most right answers turned wrong, as a share of the pictures judged; default 0.01. */
  readonly negativeFlips?: number | undefined;
  /** Further repairs to look ahead. */
  readonly ahead?: number | undefined;
}

const shareText: z.ZodType<number, string> = z
  .string()
  .regex(/^(0|1|0?\.\d{1,12}|1\.0{1,12}|0\.\d{1,12})$/)
  .transform(Number);

export const budgetQuerySchema: z.ZodType<BudgetQuery> = z.object({
  drawdown: shareText.optional(),
  negativeFlips: shareText.optional(),
  ahead: z
    .string()
    .regex(/^[1-9]\d{0,5}$/)
    .transform(Number)
    .optional(),
});

const interval = z.tuple([z.number(), z.number()]);

const forecastSchema: z.ZodType<BudgetForecast> = z.strictObject({
  limit: z.number(),
  perRepair: z.number().nullable(),
  ahead: z.array(z.strictObject({ repairs: count, expected: z.number(), interval: interval.nullable() })),
  passed: z.strictObject({ expected: count.nullable(), earliest: count.nullable() }),
});

export const budgetReportSchema: z.ZodType<BudgetReport> = z.strictObject({
  base: hash,
  budget: z.strictObject({ drawdown: z.number(), negativeFlips: z.number() }),
  points: z.array(
    z.strictObject({
      release: hash,
      at: time,
      repairs: count,
      inForce: count,
      drawdown: z.number(),
      drawdownInterval: interval,
      negativeFlips: z.number(),
      generality: z.number().nullable(),
      images: count,
    }),
  ),
  wanted: count,
  until: count,
  drawdown: forecastSchema,
  negativeFlips: forecastSchema,
  advice: z.enum(['unknown', 'room', 'soon', 'now']),
  because: z.string(),
});

export const runFiguresSchema: z.ZodType<RunFigures> = z.strictObject({
  evaluations: z.array(
    z.strictObject({
      file: z.string(),
      editor: z.strictObject({
        name: z.string(),
        layers: z.union([z.string(), z.array(z.string())]),
        views: z.number().optional(),
        margin: z.number().optional(),
      }) as unknown as z.ZodType<RunFigures['evaluations'][number]['editor']>,
      targets: z.string(),
      edits: count,
      testError: z.number(),
      drawdown: z.number(),
      drawdownInterval: interval,
      generality: z.number().nullable(),
      successRate: z.number(),
      meanSteps: z.number(),
      records: z.array(
        z.strictObject({
          index: count,
          target: count,
          drawdown: z.number(),
          flips: z.number(),
          steps: count,
        }),
      ),
    }),
  ),
  training: z.array(z.strictObject({ step: count, base: z.number(), locality: z.number() })),
});
