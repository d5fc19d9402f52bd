/** What can happen to a store: plain data, written once, never changed. The state is what they add up to. */
import type { Metric } from 'editable';
import { z } from 'zod';
import { type Budget, budgetSchema } from './gate.js';
import { hash, type Source, sourceSchema, type Wish, wishSchema, words } from './wish.js';

/** How repairs of a base are solved: part of what a release is a function of. */
export interface Solver {
  /** Names as `selectParameters` takes them. */
  readonly layers: string | readonly string[];
  /** For one solution of the whole set. */
  readonly maxSteps: number;
  /** Control images that the curvature is of, and their hash. */
  readonly controlImages: number;
  readonly control: string;
  /** Of the curvature's file; null where it is made anew each time (TorchScript). */
  readonly curvature: string | null;
  /** Of the views. */
  readonly seed: number;
  /** As of an `EditorChoice`; left out: kronecker. */
  readonly metric?: Metric | undefined;
  /** Steps that follow a solution and reduce its harm to the control images, at most; left out: none. */
  readonly settle?: number | undefined;
}

export const solverSchema: z.ZodType<Solver> = z.strictObject({
  layers: z.union([z.string(), z.array(z.string())]),
  maxSteps: z.number().int().min(1),
  controlImages: z.number().int().min(1),
  control: hash,
  curvature: hash.nullable(),
  seed: z.number().int().min(0),
  metric: z.enum(['kronecker', 'ekfac', 'combined']).optional(),
  settle: z.number().int().min(1).optional(),
});

export type StoreEvent =
  /** A network to repair; from then on wishes are solved on it. */
  | { readonly kind: 'base'; readonly base: string; readonly solver: Solver; readonly from: string }
  | {
      readonly kind: 'proposed';
      readonly repair: string;
      readonly wish: Wish;
      readonly source: Source;
      readonly why: string;
    }
  | { readonly kind: 'approved'; readonly repair: string; readonly why: string }
  | { readonly kind: 'retired'; readonly repair: string; readonly why: string }
  | {
      readonly kind: 'released';
      readonly release: string;
      readonly parent: string | null;
      readonly base: string;
      readonly repairs: readonly string[];
      /** Hash of the repaired model. */
      readonly result: string;
    }
  /** What the gate found of a release, and against which budget. */
  | {
      readonly kind: 'checked';
      readonly release: string;
      readonly passed: boolean;
      readonly budget: Budget;
      readonly images: number;
    }
  /** What is served from now on; null: the base as it is. */
  | {
      readonly kind: 'activated';
      readonly release: string | null;
      readonly from: string | null;
      readonly rollBack: boolean;
      readonly why: string;
      /** Why it is served without a check that passed. */
      readonly override?: string | undefined;
    };

export const eventSchema: z.ZodType<StoreEvent> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('base'), base: hash, solver: solverSchema, from: z.string().max(4096) }),
  z.strictObject({ kind: z.literal('proposed'), repair: hash, wish: wishSchema, source: sourceSchema, why: words }),
  z.strictObject({ kind: z.literal('approved'), repair: hash, why: words }),
  z.strictObject({ kind: z.literal('retired'), repair: hash, why: words }),
  z.strictObject({
    kind: z.literal('released'),
    release: hash,
    parent: hash.nullable(),
    base: hash,
    repairs: z.array(hash),
    result: hash,
  }),
  z.strictObject({
    kind: z.literal('checked'),
    release: hash,
    passed: z.boolean(),
    budget: budgetSchema,
    images: z.number().int().min(0),
  }),
  z.strictObject({
    kind: z.literal('activated'),
    release: hash.nullable(),
    from: hash.nullable(),
    rollBack: z.boolean(),
    why: z.string().max(1000),
    override: words.optional(),
  }),
]);

/** An event in its place, with who caused it and when. */
export interface JournalEntry {
  /** From 1, without a gap. */
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly by: string;
  readonly event: StoreEvent;
  /** Over this entry and the one before: a changed or missing one shows. */
  readonly hash: string;
}
