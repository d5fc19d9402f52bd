/** What is served, what stands beside it, and what came in: status, rollouts, differences, feedback, predictions. */
import type { Prediction } from '@editable/workspace';
import { z } from 'zod';
import { type JobSummary, jobSummarySchema } from './jobs.js';
import { type PictureInput, pictureInputSchema, predictionSchema } from './repairs.js';
import { count, hash, releaseName, share, time, words } from './words.js';

/** Each may do what those before it may. */
export type Role = 'read' | 'propose' | 'approve';

export const roles: readonly Role[] = ['read', 'propose', 'approve'];

export interface You {
  /** null: nobody, where no tokens are used. */
  readonly name: string | null;
  readonly role: Role;
}

export const youSchema: z.ZodType<You> = z.strictObject({
  name: z.string().nullable(),
  role: z.enum(['read', 'propose', 'approve']),
});

export interface Served {
  /** null: the base as it is. */
  readonly release: string | null;
  readonly base: string;
  /** What answers say as `model_version`: the release's hash, or the base's. */
  readonly version: string;
  readonly repairs: number;
  readonly since: string;
}

export const servedSchema: z.ZodType<Served> = z.strictObject({
  release: hash.nullable(),
  base: hash,
  version: hash,
  repairs: count,
  since: time,
});

export interface StatusDocument {
  /** In addresses of the Open Inference Protocol. */
  readonly model: string;
  readonly classes: readonly string[];
  /** [C, H, W] */
  readonly shape: readonly [number, number, number];
  readonly dataset: string;
  readonly testImages: number;
  readonly served: Served;
  /** Why what is served is not what the store says, in one sentence; null where it is. */
  readonly problem: string | null;
  readonly repairs: { readonly [Status in 'proposed' | 'approved' | 'active' | 'retired']: number };
  readonly releases: number;
  /** A release would hold other repairs than the active one. */
  readonly unreleased: boolean;
  readonly rollout: RolloutDocument | null;
  /** Open feedback. */
  readonly feedback: number;
  readonly jobs: readonly JobSummary[];
  readonly you: You;
  readonly version: string;
}

/** When a candidate goes back by itself. */
export interface Alarm {
  /** Largest share of compared requests on which the candidate's class differs; null: any. */
  readonly differences: number | null;
  /** Largest share of requests that the candidate fails. */
  readonly errors: number;
  /** Requests before either counts. */
  readonly least: number;
}

const alarmSchema: z.ZodType<Alarm> = z.strictObject({ differences: share.nullable(), errors: share, least: count });

export interface RolloutRequest {
  /** shadow: the candidate answers unseen; canary: it answers a share of the requests. */
  readonly mode: 'shadow' | 'canary';
  readonly release: string;
  /** Of the requests, chosen by their id: answered in a canary, compared in a shadow; default 0.1 and 1. */
  readonly share?: number | undefined;
  readonly alarm?: { readonly [Name in keyof Alarm]?: Alarm[Name] | undefined } | undefined;
  readonly by?: string | undefined;
}

export const rolloutRequestSchema: z.ZodType<RolloutRequest> = z.strictObject({
  mode: z.enum(['shadow', 'canary']),
  release: releaseName,
  share: share.optional(),
  alarm: z
    .strictObject({ differences: share.nullable().optional(), errors: share.optional(), least: count.optional() })
    .optional(),
  by: words.optional(),
});

export interface RolloutDocument {
  readonly mode: 'shadow' | 'canary';
  readonly release: string | null;
  /** What it stands beside. */
  readonly beside: string | null;
  readonly share: number;
  readonly alarm: Alarm;
  readonly by: string;
  readonly since: string;
  /** Requests that the candidate answered to their senders. */
  readonly answered: number;
  /** Pictures that both judged. */
  readonly compared: number;
  /** Of these, with another class. */
  readonly different: number;
  /** Requests that the candidate could not answer, or not with finite numbers. */
  readonly failed: number;
  /** null while it runs. */
  readonly ended: { readonly at: string; readonly by: string; readonly because: string } | null;
}

export const rolloutSchema: z.ZodType<RolloutDocument> = z.strictObject({
  mode: z.enum(['shadow', 'canary']),
  release: hash.nullable(),
  beside: hash.nullable(),
  share,
  alarm: alarmSchema,
  by: z.string(),
  since: time,
  answered: count,
  compared: count,
  different: count,
  failed: count,
  ended: z.strictObject({ at: time, by: z.string(), because: z.string() }).nullable(),
});

export const statusSchema: z.ZodType<StatusDocument> = z.strictObject({
  model: z.string(),
  classes: z.array(z.string()),
  shape: z.tuple([count, count, count]),
  dataset: z.string(),
  testImages: count,
  served: servedSchema,
  problem: z.string().nullable(),
  repairs: z.strictObject({ proposed: count, approved: count, active: count, retired: count }),
  releases: count,
  unreleased: z.boolean(),
  rollout: rolloutSchema.nullable(),
  feedback: count,
  jobs: z.array(jobSummarySchema),
  you: youSchema,
  version: z.string(),
});

/** A request on which a candidate said another class. Its picture: `/api/pictures/differences/ID`. */
export interface DifferenceDocument {
  readonly id: number;
  readonly at: string;
  readonly request: string;
  readonly served: string;
  readonly candidate: string;
  readonly before: Prediction;
  readonly after: Prediction;
}

export const differenceSchema: z.ZodType<DifferenceDocument> = z.strictObject({
  id: count,
  at: time,
  request: z.string(),
  served: hash,
  candidate: hash,
  before: predictionSchema,
  after: predictionSchema,
});

export interface FeedbackRequest {
  readonly picture: PictureInput;
  /** What the network said, by number or name; left out: what the release that is served says. */
  readonly predicted?: number | string | undefined;
  /** What would be right. */
  readonly expected?: number | string | undefined;
  readonly note?: string | undefined;
  readonly by?: string | undefined;
}

const className = z.union([count, z.string().min(1).max(1000)]);

export const feedbackRequestSchema: z.ZodType<FeedbackRequest> = z.strictObject({
  picture: pictureInputSchema,
  predicted: className.optional(),
  expected: className.optional(),
  note: words.optional(),
  by: words.optional(),
});

/** Signs a page in: its requests carry a cookie from then on, as pictures and event streams cannot carry a header. */
export interface SessionRequest {
  readonly token: string;
}

export const sessionRequestSchema: z.ZodType<SessionRequest> = z.strictObject({ token: z.string().min(1).max(1000) });

interface Named {
  readonly label: number;
  readonly name: string;
}

/** A prediction that somebody sent in. Its picture: `/api/pictures/feedback/ID`. */
export interface FeedbackDocument {
  readonly id: number;
  readonly at: string;
  readonly by: string;
  /** What was served then. */
  readonly release: string;
  readonly predicted: Named;
  readonly expected: Named | null;
  readonly note: string;
  readonly state: 'open' | 'dismissed';
}

const named = z.strictObject({ label: count, name: z.string() });

export const feedbackSchema: z.ZodType<FeedbackDocument> = z.strictObject({
  id: count,
  at: time,
  by: z.string(),
  release: hash,
  predicted: named,
  expected: named.nullable(),
  note: z.string(),
  state: z.enum(['open', 'dismissed']),
});

/** What the network says of one picture. */
export interface PredictDocument {
  readonly id: string;
  readonly model_name: string;
  /** The release that answered, or the base. */
  readonly model_version: string;
  /** The most probable classes, at most five. */
  readonly top: readonly Prediction[];
  /** The picture was scaled from this height and width. */
  readonly resizedFrom: readonly [number, number] | null;
}

export const predictSchema: z.ZodType<PredictDocument> = z.strictObject({
  id: z.string(),
  model_name: z.string(),
  model_version: hash,
  top: z.array(predictionSchema),
  resizedFrom: z.tuple([count, count]).nullable(),
});

/** Server-sent events of the whole server; the first is `served`. */
export type ServerEvent =
  /** What is served changed, here or from another process. */
  | { readonly event: 'served'; readonly data: Served }
  /** The journal grew to so many entries: repairs or releases may have changed. */
  | { readonly event: 'store'; readonly data: { readonly seq: number } }
  | { readonly event: 'rollout'; readonly data: RolloutDocument }
  /** A candidate or a release was taken back by itself. */
  | { readonly event: 'alarm'; readonly data: { readonly text: string } }
  | { readonly event: 'job'; readonly data: JobSummary }
  | { readonly event: 'feedback'; readonly data: { readonly open: number } };
