/** What a network gets wrong, and what repairs of it would do: the documents of the jobs that look for it. */
import type { MistakesDocument, Prediction, RepairStanding } from '@editable/workspace';
import { z } from 'zod';
import { predictionSchema, standingSchema } from './repairs.js';
import { count, hash, releaseName } from './words.js';

export interface MistakesRequest {
  /** What is looked at: a release, "active" or "base"; default "active". */
  readonly of?: string | undefined;
  readonly split?: 'test' | 'validation' | undefined;
}

export const mistakesRequestSchema: z.ZodType<MistakesRequest> = z.strictObject({
  of: releaseName.optional(),
  split: z.enum(['test', 'validation']).optional(),
});

/** As `editable mistakes --json` prints it, and of which release. Pictures: `/api/pictures/SPLIT/INDEX`. */
export interface MistakesOf extends Omit<MistakesDocument, 'run' | 'patches'> {
  /** null: the base as it is. */
  readonly release: string | null;
}

const named = z.strictObject({ label: z.number().int(), name: z.string() });

export const mistakesSchema: z.ZodType<MistakesOf> = z.strictObject({
  release: hash.nullable(),
  split: z.enum(['test', 'validation']),
  images: count,
  error: z.number(),
  suspects: count,
  groups: count,
  mistakes: z.array(
    z.strictObject({
      index: count,
      probability: z.number(),
      suspect: z.boolean(),
      group: z.number().int(),
      truth: named,
      predicted: named,
    }),
  ),
});

/** One asked-for repair before and after. */
export interface PreviewedRepair {
  readonly repair: string;
  readonly target: { readonly label: number; readonly name: string };
  /** The most probable classes, of what is served and of what would be. */
  readonly before: readonly Prediction[];
  readonly after: readonly Prediction[];
  readonly standing: RepairStanding;
}

/** How an earlier repair stands without and with those asked for. */
export interface TouchedRepair {
  readonly repair: string;
  readonly before: RepairStanding;
  readonly after: RepairStanding;
}

/** A repair's cost beside what is served now, on the test images judged so far: it narrows until `final`. */
export interface PreviewDocument {
  readonly final: boolean;
  /** What it is compared with: the active release; null: the base as it is. */
  readonly beside: string | null;
  readonly asked: readonly PreviewedRepair[];
  /** Earlier repairs, those that changed most first. */
  readonly others: readonly TouchedRepair[];
  /** Test images judged, of how many. */
  readonly images: number;
  readonly of: number;
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly drawdown: number;
  readonly drawdownInterval: readonly [low: number, high: number];
  /** Answers that change: pictures at `/api/pictures/test/INDEX`. */
  readonly flips: readonly {
    readonly index: number;
    readonly label: number;
    readonly before: number;
    readonly after: number;
  }[];
  /** Share of unseen views of the asked-for pictures that follow; null where there are none. */
  readonly generality: number | null;
  /** Of the solution. */
  readonly steps: number;
  /** Since the job began. */
  readonly seconds: number;
}

export const previewSchema: z.ZodType<PreviewDocument> = z.strictObject({
  final: z.boolean(),
  beside: hash.nullable(),
  asked: z.array(
    z.strictObject({
      repair: hash,
      target: named,
      before: z.array(predictionSchema),
      after: z.array(predictionSchema),
      standing: standingSchema,
    }),
  ),
  others: z.array(z.strictObject({ repair: hash, before: standingSchema, after: standingSchema })),
  images: count,
  of: count,
  errorBefore: z.number(),
  errorAfter: z.number(),
  drawdown: z.number(),
  drawdownInterval: z.tuple([z.number(), z.number()]),
  flips: z.array(z.strictObject({ index: count, label: count, before: z.number().int(), after: z.number().int() })),
  generality: z.number().nullable(),
  steps: count,
  seconds: z.number(),
});
