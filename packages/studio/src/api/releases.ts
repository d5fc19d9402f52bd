/** Releases: what can be served, what each costs, what lies between two of them. */
import type {
  Budget,
  CheckReport,
  Conflicts,
  Effect,
  JournalEntry,
  Release,
  ReleaseDiff,
  Solver,
  StoredBase,
  StoredCheck,
  Verification,
} from '@editable/workspace';
import { z } from 'zod';
import { standingSchema } from './repairs.js';
import { count, hash, releaseName, share, testImages, time, words } from './words.js';

export const effectSchema: z.ZodType<Effect> = z.strictObject({
  data: z.strictObject({ name: z.string(), images: count, hash }),
  errorBefore: z.number(),
  errorAfter: z.number(),
  drawdown: z.number(),
  drawdownInterval: z.tuple([z.number(), z.number()]),
  flips: count,
  negativeFlips: z.array(count),
  generality: z.number().nullable(),
  repairs: z.array(standingSchema),
});

const solverSchema: z.ZodType<Solver> = z.strictObject({
  layers: z.union([z.string(), z.array(z.string())]),
  maxSteps: count,
  controlImages: count,
  control: hash,
  curvature: hash.nullable(),
  seed: count,
  metric: z.enum(['kronecker', 'ekfac', 'combined']).optional(),
  settle: count.optional(),
});

/** How a release stands to what is served. */
export type ReleaseState =
  | 'active'
  /** Loaded beside it: a shadow or a canary. */
  | 'candidate'
  /** One that the active release comes from: `rollback` leads there. */
  | 'earlier'
  | 'kept';

export interface ReleaseDocument extends Release {
  readonly id: string;
  readonly state: ReleaseState;
  /** Of its file. */
  readonly bytes: number;
  /** The last one; null where there is none. */
  readonly check: ReleaseCheck | null;
}

/** What a check found, and whether the release may be activated by it. */
export interface ReleaseCheck extends StoredCheck {
  readonly admits: boolean;
}

const budgetSchema: z.ZodType<Budget> = z.strictObject({
  drawdown: z.number(),
  negativeFlips: z.number(),
  generality: z.number().optional(),
});

export const releaseSchema: z.ZodType<ReleaseDocument> = z.strictObject({
  id: hash,
  state: z.enum(['active', 'candidate', 'earlier', 'kept']),
  bytes: count,
  check: z
    .strictObject({
      passed: z.boolean(),
      budget: budgetSchema,
      images: count,
      by: z.string(),
      at: time,
      admits: z.boolean(),
    })
    .nullable(),
  base: hash,
  parent: hash.nullable(),
  repairs: z.array(hash),
  solver: solverSchema,
  changed: z.array(z.string()),
  result: hash,
  effect: effectSchema,
  steps: count,
  seconds: z.number(),
  by: z.string(),
  at: time,
  environment: z.strictObject({ node: z.string(), libtorch: z.string(), threads: count }),
});

export interface BaseDocument extends StoredBase {
  readonly newest: boolean;
}

export const baseSchema: z.ZodType<BaseDocument> = z.strictObject({
  base: hash,
  solver: solverSchema,
  from: z.string(),
  by: z.string(),
  at: time,
  newest: z.boolean(),
});

interface Person {
  readonly by?: string | undefined;
}

const person = { by: words.optional() };

/** Makes a release of every approved repair. */
export interface ReleaseRequest extends Person {
  readonly testImages?: number | undefined;
}

export const releaseRequestSchema: z.ZodType<ReleaseRequest> = z.strictObject({ testImages, ...person });

export interface ActivateRequest extends Person {
  readonly why?: string | undefined;
  /** Why it shall be served without a check that passed: the journal keeps it. */
  readonly override?: string | undefined;
}

export const activateSchema: z.ZodType<ActivateRequest> = z.strictObject({
  why: words.optional(),
  override: words.optional(),
  ...person,
});

export interface RollbackRequest extends Person {
  readonly why: string;
  /** An earlier release, or "base"; left out: the one before. */
  readonly to?: string | undefined;
}

export const rollbackSchema: z.ZodType<RollbackRequest> = z.strictObject({
  why: words,
  to: releaseName.optional(),
  ...person,
});

export interface DiffRequest {
  readonly from: string;
  readonly to: string;
  readonly testImages?: number | undefined;
}

export const diffRequestSchema: z.ZodType<DiffRequest> = z.strictObject({
  from: releaseName,
  to: releaseName,
  testImages,
});

export interface CheckRequest extends Person {
  readonly release: string;
  /** Most that the test error may have risen; default 0.005. */
  readonly drawdown?: number | undefined;
  /** Most right answers turned wrong, as a share of the pictures judged; default 0.01. */
  readonly negativeFlips?: number | undefined;
  /** Least share of each repair's unseen views that must follow; left out: as when it was released, less one view. */
  readonly generality?: number | undefined;
  readonly testImages?: number | undefined;
}

export const checkRequestSchema: z.ZodType<CheckRequest> = z.strictObject({
  release: releaseName,
  drawdown: z.number().max(1).optional(),
  negativeFlips: share.optional(),
  generality: share.optional(),
  testImages,
  ...person,
});

export type ExportFormatName = 'safetensors' | 'pytorch' | 'torchscript' | 'patch';

export interface ExportRequest {
  readonly release: string;
  readonly format: ExportFormatName;
}

export const exportRequestSchema: z.ZodType<ExportRequest> = z.strictObject({
  release: releaseName,
  format: z.enum(['safetensors', 'pytorch', 'torchscript', 'patch']),
});

export interface ExportDocument {
  readonly release: string | null;
  readonly format: ExportFormatName;
  readonly tensors: number;
  readonly bytes: number;
  /** Hash of the model that the file gives. */
  readonly result: string;
  /** Where to fetch it, until the server stops. */
  readonly download: string;
}

export const exportSchema: z.ZodType<ExportDocument> = z.strictObject({
  release: hash.nullable(),
  format: z.enum(['safetensors', 'pytorch', 'torchscript', 'patch']),
  tensors: count,
  bytes: count,
  result: hash,
  download: z.string(),
});

export const diffSchema: z.ZodType<ReleaseDiff> = z.strictObject({
  from: hash.nullable(),
  to: hash.nullable(),
  added: z.array(hash),
  removed: z.array(hash),
  weights: z.array(
    z.strictObject({ name: z.string(), numbers: count, changed: count, relative: z.number(), largest: z.number() }),
  ),
  images: count,
  agreement: z.number(),
  answers: z.array(z.strictObject({ index: count, label: count, before: count, after: count })),
});

export const checkSchema: z.ZodType<CheckReport> = z.strictObject({
  passed: z.boolean(),
  release: hash.nullable(),
  base: hash,
  budget: budgetSchema,
  cases: z.array(
    z.strictObject({
      group: z.enum(['files', 'repairs', 'views', 'budget']),
      name: z.string(),
      passed: z.boolean(),
      found: z.string(),
    }),
  ),
  effect: effectSchema.nullable(),
  seconds: z.number(),
});

const pair = z.tuple([hash, hash]);

export const conflictsSchema: z.ZodType<Conflicts> = z.strictObject({
  alone: z.array(z.strictObject({ repair: hash, holds: z.boolean(), negativeFlips: z.array(count) })),
  contradicting: z.array(pair),
  overlapping: z.array(z.strictObject({ repairs: pair, pictures: z.array(count) })),
});

export const verificationSchema: z.ZodType<Verification> = z.strictObject({
  ok: z.boolean(),
  entries: count,
  bases: count,
  repairs: count,
  releases: count,
  problems: z.array(z.string()),
  unused: z.array(z.string()),
});

/** An entry of the journal; `event.kind`: base, proposed, approved, retired, released, checked or activated. */
export interface LogEntry extends Omit<JournalEntry, 'event'> {
  readonly event: { readonly kind: JournalEntry['event']['kind'] } & Readonly<Record<string, unknown>>;
}

export const logEntrySchema: z.ZodType<LogEntry> = z.strictObject({
  seq: count,
  at: time,
  by: z.string(),
  hash,
  event: z.looseObject({
    kind: z.enum(['base', 'proposed', 'approved', 'retired', 'released', 'checked', 'activated']),
  }),
});
