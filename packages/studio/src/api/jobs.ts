/** Jobs: what takes longer than a request should. They run in threads of their own and tell how far they are. */
import type { CheckReport, Conflicts, ReleaseDiff, Verification } from '@editable/workspace';
import { z } from 'zod';
import { type MistakesOf, mistakesSchema, type PreviewDocument, previewSchema } from './mistakes.js';
import { type MovedDocument, movedSchema } from './moves.js';
import {
  checkSchema,
  conflictsSchema,
  diffSchema,
  type ExportDocument,
  exportSchema,
  type ReleaseDocument,
  releaseSchema,
  verificationSchema,
} from './releases.js';
import { type RepairDocument, repairSchema } from './repairs.js';
import { count, time } from './words.js';

export interface RetiredDocument {
  readonly repair: RepairDocument;
  /** What is served in its place; null where the repair was not served. */
  readonly release: ReleaseDocument | null;
}

/** What a job of each kind ends with. */
export interface JobResults {
  readonly mistakes: MistakesOf;
  readonly preview: PreviewDocument;
  readonly release: ReleaseDocument;
  readonly retire: RetiredDocument;
  readonly move: MovedDocument;
  readonly check: CheckReport;
  readonly conflicts: Conflicts;
  readonly diff: ReleaseDiff;
  readonly export: ExportDocument;
  readonly verify: Verification;
}

export type JobKind = keyof JobResults;

export const jobKinds: readonly JobKind[] = [
  'mistakes',
  'preview',
  'release',
  'retire',
  'move',
  'check',
  'conflicts',
  'diff',
  'export',
  'verify',
];

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** The latest that a job told of itself. */
export interface JobProgress {
  /** decoding, curvature, repair, …: the kinds of workspace's `JobEvent`. */
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

export interface JobSummary {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: JobState;
  /** Who asked for it. */
  readonly by: string;
  readonly created: string;
  readonly started: string | null;
  readonly ended: string | null;
  readonly progress: JobProgress | null;
  /** Where it failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

type JobOf<Kind extends JobKind> = JobSummary & { readonly kind: Kind; readonly result: JobResults[Kind] | null };

/** `result` is there once `state` is "done". */
export type JobDocument = { readonly [Kind in JobKind]: JobOf<Kind> }[JobKind];

const progressSchema: z.ZodType<JobProgress> = z.strictObject({ what: z.string(), done: count, total: count });

const summaryShape = {
  id: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
  by: z.string(),
  created: time,
  started: time.nullable(),
  ended: time.nullable(),
  progress: progressSchema.nullable(),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
};

export const jobSummarySchema: z.ZodType<JobSummary> = z.strictObject({
  ...summaryShape,
  kind: z.enum(jobKinds as [JobKind, ...JobKind[]]),
});

const jobOf = <Kind extends JobKind, Result>(kind: Kind, result: z.ZodType<Result>) =>
  z.strictObject({ ...summaryShape, kind: z.literal(kind), result: result.nullable() });

export const jobSchema: z.ZodType<JobDocument> = z.union([
  jobOf('mistakes', mistakesSchema),
  jobOf('preview', previewSchema),
  jobOf('release', releaseSchema),
  jobOf(
    'retire',
    z.strictObject({ repair: repairSchema, release: releaseSchema.nullable() }) satisfies z.ZodType<RetiredDocument>,
  ),
  jobOf('move', movedSchema),
  jobOf('check', checkSchema),
  jobOf('conflicts', conflictsSchema),
  jobOf('diff', diffSchema),
  jobOf('export', exportSchema),
  jobOf('verify', verificationSchema),
]);

/** Server-sent events of one job: the latest progress and preview first, then each as it comes; `end` is the last. */
export type JobStreamEvent =
  | { readonly event: 'state'; readonly data: JobSummary }
  | { readonly event: 'progress'; readonly data: JobProgress }
  /** For people, beside the progress. */
  | { readonly event: 'remark'; readonly data: { readonly text: string } }
  /** A preview that is not final. */
  | { readonly event: 'preview'; readonly data: PreviewDocument }
  /** Done, failed or cancelled. */
  | { readonly event: 'end'; readonly data: JobDocument };
