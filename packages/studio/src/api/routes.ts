/** Every route: method, address, who may, what comes in and what goes out. Server, page and /openapi.json read this table. */
import type { BudgetReport, RunFigures } from '@editable/workspace';
import { z } from 'zod';
import { type BudgetQuery, budgetQuerySchema, budgetReportSchema, runFiguresSchema } from './figures.js';
import {
  type InferRequest,
  type InferResponse,
  inferRequestSchema,
  inferResponseSchema,
  type ModelMetadata,
  modelMetadataSchema,
  type RepositoryIndexRequest,
  type RepositoryLoadRequest,
  type RepositoryModel,
  repositoryIndexRequestSchema,
  repositoryLoadRequestSchema,
  repositoryModelSchema,
  type ServerMetadata,
  serverMetadataSchema,
} from './inference.js';
import { type JobDocument, type JobSummary, jobSchema, jobSummarySchema } from './jobs.js';
import { type MistakesOf, type MistakesRequest, mistakesRequestSchema, mistakesSchema } from './mistakes.js';
import {
  type ActivateRequest,
  activateSchema,
  type BaseDocument,
  baseSchema,
  type CheckRequest,
  checkRequestSchema,
  type DiffRequest,
  diffRequestSchema,
  type ExportRequest,
  exportRequestSchema,
  type LogEntry,
  logEntrySchema,
  type ReleaseDocument,
  type ReleaseRequest,
  type RollbackRequest,
  releaseRequestSchema,
  releaseSchema,
  rollbackSchema,
} from './releases.js';
import {
  type ApproveRequest,
  approveSchema,
  type PreviewRequest,
  type ProposeRequest,
  previewRequestSchema,
  proposeSchema,
  type ReasonRequest,
  type RepairDocument,
  type RetireRequest,
  reasonSchema,
  repairSchema,
  retireSchema,
} from './repairs.js';
import {
  type DifferenceDocument,
  differenceSchema,
  type FeedbackDocument,
  type FeedbackRequest,
  feedbackRequestSchema,
  feedbackSchema,
  type PredictDocument,
  predictSchema,
  type Role,
  type RolloutDocument,
  type RolloutRequest,
  rolloutRequestSchema,
  rolloutSchema,
  type Served,
  type SessionRequest,
  type StatusDocument,
  servedSchema,
  sessionRequestSchema,
  statusSchema,
  type You,
  youSchema,
} from './serving.js';
import { countText, releaseName, repairName } from './words.js';

interface Shapes {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly answer?: unknown;
}

/** What goes out: JSON by a schema, or bytes of a kind. */
export type Answer<Value = unknown> =
  | { readonly status: number; readonly schema: z.ZodType<Value> }
  | { readonly status: number; readonly type: string };

export interface Route<S extends Shapes = Shapes> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `:name` stands for a parameter. */
  readonly path: string;
  readonly role: Role;
  readonly group: string;
  readonly summary: string;
  /** Needs no token. */
  readonly open?: true;
  readonly params?: z.ZodType<S['params']>;
  readonly query?: z.ZodType<S['query']>;
  readonly body?: z.ZodType<S['body']>;
  readonly answer: Answer<S['answer']>;
}

interface VersionParams {
  readonly model: string;
  readonly version: string;
}
interface ModelParams {
  readonly model: string;
}
interface IdParams {
  readonly id: string;
}
interface NumberParams {
  readonly id: number;
}
interface Enlarged {
  /** Each pixel becomes a square of so many. */
  readonly scale?: number | undefined;
}

/** The contract, a line a route. */
export interface Routes {
  readonly serverMetadata: Route<{ answer: ServerMetadata }>;
  readonly live: Route<{ answer: { live: boolean } }>;
  readonly ready: Route<{ answer: { ready: boolean } }>;
  readonly modelMetadata: Route<{ params: ModelParams; answer: ModelMetadata }>;
  readonly versionMetadata: Route<{ params: VersionParams; answer: ModelMetadata }>;
  readonly modelReady: Route<{ params: ModelParams; answer: { name: string; ready: boolean } }>;
  readonly versionReady: Route<{ params: VersionParams; answer: { name: string; ready: boolean } }>;
  readonly infer: Route<{ params: ModelParams; body: InferRequest; answer: InferResponse }>;
  readonly versionInfer: Route<{ params: VersionParams; body: InferRequest; answer: InferResponse }>;
  readonly repositoryIndex: Route<{
    body: RepositoryIndexRequest | null | undefined;
    answer: readonly RepositoryModel[];
  }>;
  readonly repositoryLoad: Route<{ params: ModelParams; body: RepositoryLoadRequest | null | undefined; answer: null }>;
  readonly repositoryUnload: Route<{
    params: ModelParams;
    body: RepositoryLoadRequest | null | undefined;
    answer: null;
  }>;
  readonly predict: Route<{ answer: PredictDocument }>;

  readonly status: Route<{ answer: StatusDocument }>;
  readonly events: Route;
  readonly repairs: Route<{ query: { status?: string | undefined }; answer: readonly RepairDocument[] }>;
  readonly repair: Route<{ params: IdParams; answer: RepairDocument }>;
  readonly propose: Route<{ body: ProposeRequest; answer: readonly RepairDocument[] }>;
  readonly approve: Route<{ body: ApproveRequest; answer: readonly RepairDocument[] }>;
  readonly approveOne: Route<{ params: IdParams; body: ReasonRequest; answer: RepairDocument }>;
  readonly retire: Route<{ params: IdParams; body: RetireRequest; answer: JobDocument }>;
  readonly preview: Route<{ body: PreviewRequest; answer: JobDocument }>;

  readonly bases: Route<{ answer: readonly BaseDocument[] }>;
  readonly releases: Route<{ answer: readonly ReleaseDocument[] }>;
  readonly release: Route<{ params: IdParams; answer: ReleaseDocument }>;
  readonly makeRelease: Route<{ body: ReleaseRequest; answer: JobDocument }>;
  readonly activate: Route<{ params: IdParams; body: ActivateRequest; answer: Served }>;
  readonly rollback: Route<{ body: RollbackRequest; answer: Served }>;
  readonly diff: Route<{ body: DiffRequest; answer: JobDocument }>;
  readonly check: Route<{ body: CheckRequest; answer: JobDocument }>;
  readonly conflicts: Route<{ answer: JobDocument }>;
  readonly export: Route<{ body: ExportRequest; answer: JobDocument }>;
  readonly download: Route<{ params: IdParams }>;
  readonly verify: Route<{ answer: JobDocument }>;
  readonly log: Route<{
    query: { before?: number | undefined; limit?: number | undefined };
    answer: readonly LogEntry[];
  }>;
  readonly budget: Route<{ query: BudgetQuery; answer: BudgetReport }>;
  readonly analysis: Route<{ answer: RunFigures }>;

  readonly findMistakes: Route<{ body: MistakesRequest; answer: JobDocument }>;
  readonly mistakes: Route<{ query: MistakesRequest; answer: MistakesOf }>;
  readonly testPicture: Route<{ params: { split: 'test' | 'validation'; index: number }; query: Enlarged }>;
  readonly repairPicture: Route<{ params: IdParams; query: Enlarged }>;
  readonly feedbackPicture: Route<{ params: NumberParams; query: Enlarged }>;
  readonly differencePicture: Route<{ params: NumberParams; query: Enlarged }>;

  readonly feedback: Route<{
    query: { state?: 'open' | 'dismissed' | undefined };
    answer: readonly FeedbackDocument[];
  }>;
  readonly sendFeedback: Route<{ body: FeedbackRequest; answer: FeedbackDocument }>;
  readonly dismissFeedback: Route<{ params: NumberParams; answer: FeedbackDocument }>;

  readonly rollout: Route<{ answer: RolloutDocument | null }>;
  readonly startRollout: Route<{ body: RolloutRequest; answer: RolloutDocument }>;
  readonly endRollout: Route<{ answer: RolloutDocument | null }>;
  readonly differences: Route<{ query: { limit?: number | undefined }; answer: readonly DifferenceDocument[] }>;

  readonly jobs: Route<{ answer: readonly JobSummary[] }>;
  readonly job: Route<{ params: IdParams; answer: JobDocument }>;
  readonly cancelJob: Route<{ params: IdParams; answer: JobSummary }>;
  readonly jobEvents: Route<{ params: IdParams }>;

  readonly signIn: Route<{ body: SessionRequest; answer: You }>;
  readonly signOut: Route<{ answer: null }>;

  readonly metrics: Route;
  readonly openapi: Route;
}

const model = z.string().min(1).max(256);
const modelParams: z.ZodType<ModelParams> = z.object({ model });
const versionParams: z.ZodType<VersionParams> = z.object({ model, version: releaseName });
const repairParams: z.ZodType<IdParams> = z.object({ id: repairName });
const releaseParams: z.ZodType<IdParams> = z.object({ id: releaseName });
const jobParams: z.ZodType<IdParams> = z.object({ id: z.string().regex(/^[0-9a-z-]{1,64}$/) });
/** As an export's `download` has it. */
const fileParams: z.ZodType<IdParams> = z.object({ id: z.string().regex(/^[0-9a-z-]{1,100}$/) });
const numberParams: z.ZodType<NumberParams> = z.object({ id: countText });
const limit = countText.pipe(z.number().min(1).max(10_000)).optional();
const enlarged: z.ZodType<Enlarged> = z.object({
  scale: countText.pipe(z.number().int().min(1).max(16)).optional(),
});

const ok = <Value>(schema: z.ZodType<Value>): Answer<Value> => ({ status: 200, schema });
const created = <Value>(schema: z.ZodType<Value>): Answer<Value> => ({ status: 201, schema });
/** A job was begun: its events tell the rest. */
const begun: Answer<JobDocument> = { status: 202, schema: jobSchema };
const png: Answer<never> = { status: 200, type: 'image/png' };
const stream: Answer<never> = { status: 200, type: 'text/event-stream' };
const empty: Answer<null> = { status: 200, schema: z.null() };

const inference = { role: 'read', group: 'Open Inference Protocol' } as const;
const reading = { method: 'GET', role: 'read' } as const;

export const routes: Routes = {
  serverMetadata: {
    ...inference,
    method: 'GET',
    path: '/v2',
    summary: 'Name, version and extensions of the server',
    answer: ok(serverMetadataSchema),
  },
  live: {
    ...inference,
    open: true,
    method: 'GET',
    path: '/v2/health/live',
    summary: 'Whether the server runs',
    answer: ok(z.strictObject({ live: z.boolean() })),
  },
  ready: {
    ...inference,
    open: true,
    method: 'GET',
    path: '/v2/health/ready',
    summary: 'Whether the network answers',
    answer: ok(z.strictObject({ ready: z.boolean() })),
  },
  modelMetadata: {
    ...inference,
    method: 'GET',
    path: '/v2/models/:model',
    summary: 'Inputs, outputs and versions',
    params: modelParams,
    answer: ok(modelMetadataSchema),
  },
  versionMetadata: {
    ...inference,
    method: 'GET',
    path: '/v2/models/:model/versions/:version',
    summary: 'The same of one release',
    params: versionParams,
    answer: ok(modelMetadataSchema),
  },
  modelReady: {
    ...inference,
    method: 'GET',
    path: '/v2/models/:model/ready',
    summary: 'Whether the model answers',
    params: modelParams,
    answer: ok(z.strictObject({ name: z.string(), ready: z.boolean() })),
  },
  versionReady: {
    ...inference,
    method: 'GET',
    path: '/v2/models/:model/versions/:version/ready',
    summary: 'Whether a release is loaded and answers',
    params: versionParams,
    answer: ok(z.strictObject({ name: z.string(), ready: z.boolean() })),
  },
  infer: {
    ...inference,
    method: 'POST',
    path: '/v2/models/:model/infer',
    summary: 'Answers of what is served; JSON or binary tensors',
    params: modelParams,
    body: inferRequestSchema,
    answer: ok(inferResponseSchema),
  },
  versionInfer: {
    ...inference,
    method: 'POST',
    path: '/v2/models/:model/versions/:version/infer',
    summary: 'Answers of one loaded release',
    params: versionParams,
    body: inferRequestSchema,
    answer: ok(inferResponseSchema),
  },
  repositoryIndex: {
    ...inference,
    method: 'POST',
    path: '/v2/repository/index',
    summary: 'Every release and whether it answers',
    body: repositoryIndexRequestSchema,
    answer: ok(z.array(repositoryModelSchema)),
  },
  repositoryLoad: {
    ...inference,
    role: 'approve',
    method: 'POST',
    path: '/v2/repository/models/:model/load',
    summary: 'Loads a release beside what is served; nothing else changes',
    params: modelParams,
    body: repositoryLoadRequestSchema,
    answer: empty,
  },
  repositoryUnload: {
    ...inference,
    role: 'approve',
    method: 'POST',
    path: '/v2/repository/models/:model/unload',
    summary: 'Frees a release that was loaded; what is served stays',
    params: modelParams,
    body: repositoryLoadRequestSchema,
    answer: empty,
  },
  predict: {
    method: 'POST',
    role: 'read',
    group: 'Predictions',
    path: '/api/predict',
    summary: 'What the network says of a picture: the body is a PNG, JPEG or WebP file',
    answer: ok(predictSchema),
  },

  status: {
    ...reading,
    group: 'Serving',
    path: '/api/status',
    summary: 'What is served, and what is waiting',
    answer: ok(statusSchema),
  },
  events: { ...reading, group: 'Serving', path: '/api/events', summary: 'What changes, as it does', answer: stream },
  repairs: {
    ...reading,
    group: 'Repairs',
    path: '/api/repairs',
    summary: 'Repairs in the order in which they were proposed',
    query: z.object({ status: z.enum(['proposed', 'approved', 'active', 'retired']).optional() }),
    answer: ok(z.array(repairSchema)),
  },
  repair: {
    ...reading,
    group: 'Repairs',
    path: '/api/repairs/:id',
    summary: 'One repair',
    params: repairParams,
    answer: ok(repairSchema),
  },
  propose: {
    method: 'POST',
    role: 'propose',
    group: 'Repairs',
    path: '/api/repairs',
    summary: 'Asks for repairs; nothing is served before they are approved and released',
    body: proposeSchema,
    answer: created(z.array(repairSchema)),
  },
  approve: {
    method: 'POST',
    role: 'approve',
    group: 'Repairs',
    path: '/api/repairs/approve',
    summary: 'A second person agrees to repairs: all of them or none',
    body: approveSchema,
    answer: ok(z.array(repairSchema)),
  },
  approveOne: {
    method: 'POST',
    role: 'approve',
    group: 'Repairs',
    path: '/api/repairs/:id/approve',
    summary: 'A second person agrees to a repair',
    params: repairParams,
    body: reasonSchema,
    answer: ok(repairSchema),
  },
  retire: {
    method: 'POST',
    role: 'approve',
    group: 'Repairs',
    path: '/api/repairs/:id/retire',
    summary: 'Ends a repair; where it is served the others are solved without it and served in its place',
    params: repairParams,
    body: retireSchema,
    answer: begun,
  },
  preview: {
    method: 'POST',
    role: 'propose',
    group: 'Repairs',
    path: '/api/previews',
    summary: 'What repairs would do, narrowing as more test images are judged; nothing is kept',
    body: previewRequestSchema,
    answer: begun,
  },

  bases: {
    ...reading,
    group: 'Releases',
    path: '/api/bases',
    summary: 'The networks that are repaired',
    answer: ok(z.array(baseSchema)),
  },
  releases: {
    ...reading,
    group: 'Releases',
    path: '/api/releases',
    summary: 'Releases, the newest first',
    answer: ok(z.array(releaseSchema)),
  },
  release: {
    ...reading,
    group: 'Releases',
    path: '/api/releases/:id',
    summary: 'One release',
    params: releaseParams,
    answer: ok(releaseSchema),
  },
  makeRelease: {
    method: 'POST',
    role: 'propose',
    group: 'Releases',
    path: '/api/releases',
    summary: 'Solves all approved repairs together and measures the result; what is served does not change',
    body: releaseRequestSchema,
    answer: begun,
  },
  activate: {
    method: 'POST',
    role: 'approve',
    group: 'Releases',
    path: '/api/releases/:id/activate',
    summary: 'Serves a release; once this answers, predictions are its',
    params: releaseParams,
    body: activateSchema,
    answer: ok(servedSchema),
  },
  rollback: {
    method: 'POST',
    role: 'approve',
    group: 'Releases',
    path: '/api/rollback',
    summary: 'Serves an earlier release again, to the bit',
    body: rollbackSchema,
    answer: ok(servedSchema),
  },
  diff: {
    method: 'POST',
    role: 'read',
    group: 'Releases',
    path: '/api/diffs',
    summary: 'What lies between two releases: repairs, weights, answers',
    body: diffRequestSchema,
    answer: begun,
  },
  check: {
    method: 'POST',
    role: 'read',
    group: 'Releases',
    path: '/api/checks',
    summary: 'Whether a release may be served: every repair re-tested, its cost held against a budget',
    body: checkRequestSchema,
    answer: begun,
  },
  conflicts: {
    method: 'POST',
    role: 'read',
    group: 'Releases',
    path: '/api/conflicts',
    summary: 'Repairs that contradict each other, and those that turn the same right answers wrong',
    answer: begun,
  },
  export: {
    method: 'POST',
    role: 'read',
    group: 'Releases',
    path: '/api/exports',
    summary: 'A release as a file for others',
    body: exportRequestSchema,
    answer: begun,
  },
  download: {
    ...reading,
    group: 'Releases',
    path: '/api/exports/:id',
    summary: 'The file of an export',
    params: fileParams,
    answer: { status: 200, type: 'application/octet-stream' },
  },
  verify: {
    method: 'POST',
    role: 'read',
    group: 'Releases',
    path: '/api/verify',
    summary: 'Reads the journal and every file against their hashes',
    answer: begun,
  },
  log: {
    ...reading,
    group: 'Releases',
    path: '/api/log',
    summary: 'Who did what, when and why, the newest first',
    query: z.object({ before: countText.optional(), limit }),
    answer: ok(z.array(logEntrySchema)),
  },
  budget: {
    ...reading,
    group: 'Releases',
    path: '/api/budget',
    summary: 'What the releases cost, what more repairs will, and whether to retrain',
    query: budgetQuerySchema,
    answer: ok(budgetReportSchema),
  },
  analysis: {
    ...reading,
    group: 'Releases',
    path: '/api/analysis',
    summary: "The evaluations and the training of the base's run, as they were measured",
    answer: ok(runFiguresSchema),
  },

  findMistakes: {
    method: 'POST',
    role: 'read',
    group: 'Mistakes',
    path: '/api/mistakes',
    summary: 'Looks for what a release gets wrong',
    body: mistakesRequestSchema,
    answer: begun,
  },
  mistakes: {
    ...reading,
    group: 'Mistakes',
    path: '/api/mistakes',
    summary: 'The mistakes that were found, the surest first; 404 before they were looked for',
    query: mistakesRequestSchema,
    answer: ok(mistakesSchema),
  },
  testPicture: {
    ...reading,
    group: 'Pictures',
    path: '/api/pictures/:split/:index',
    summary: 'A test or validation image as PNG',
    params: z.object({ split: z.enum(['test', 'validation']), index: countText }),
    query: enlarged,
    answer: png,
  },
  repairPicture: {
    ...reading,
    group: 'Pictures',
    path: '/api/pictures/repairs/:id',
    summary: "A repair's picture as PNG",
    params: repairParams,
    query: enlarged,
    answer: png,
  },
  feedbackPicture: {
    ...reading,
    group: 'Pictures',
    path: '/api/pictures/feedback/:id',
    summary: 'The picture of a prediction that was sent in',
    params: numberParams,
    query: enlarged,
    answer: png,
  },
  differencePicture: {
    ...reading,
    group: 'Pictures',
    path: '/api/pictures/differences/:id',
    summary: 'A picture on which a candidate differed',
    params: numberParams,
    query: enlarged,
    answer: png,
  },

  feedback: {
    ...reading,
    group: 'Feedback',
    path: '/api/feedback',
    summary: 'Predictions that were sent in, the newest first',
    query: z.object({ state: z.enum(['open', 'dismissed']).optional() }),
    answer: ok(z.array(feedbackSchema)),
  },
  sendFeedback: {
    method: 'POST',
    role: 'read',
    group: 'Feedback',
    path: '/api/feedback',
    summary: 'Says that a prediction is wrong',
    body: feedbackRequestSchema,
    answer: created(feedbackSchema),
  },
  dismissFeedback: {
    method: 'DELETE',
    role: 'propose',
    group: 'Feedback',
    path: '/api/feedback/:id',
    summary: 'Puts one aside',
    params: numberParams,
    answer: ok(feedbackSchema),
  },

  rollout: {
    ...reading,
    group: 'Serving',
    path: '/api/rollout',
    summary: 'The candidate that stands beside what is served, or the last one; null: none yet',
    answer: ok(rolloutSchema.nullable()),
  },
  startRollout: {
    method: 'PUT',
    role: 'approve',
    group: 'Serving',
    path: '/api/rollout',
    summary: 'A release as shadow or canary; it goes back by itself when an alarm goes off',
    body: rolloutRequestSchema,
    answer: ok(rolloutSchema),
  },
  endRollout: {
    method: 'DELETE',
    role: 'approve',
    group: 'Serving',
    path: '/api/rollout',
    summary: 'Takes the candidate back',
    answer: ok(rolloutSchema.nullable()),
  },
  differences: {
    ...reading,
    group: 'Serving',
    path: '/api/rollout/differences',
    summary: 'Requests on which the candidate said another class, the newest first',
    query: z.object({ limit }),
    answer: ok(z.array(differenceSchema)),
  },

  jobs: {
    ...reading,
    group: 'Jobs',
    path: '/api/jobs',
    summary: 'Jobs, the newest first',
    answer: ok(z.array(jobSummarySchema)),
  },
  job: {
    ...reading,
    group: 'Jobs',
    path: '/api/jobs/:id',
    summary: 'One job, with its result once it is done',
    params: jobParams,
    answer: ok(jobSchema),
  },
  cancelJob: {
    method: 'DELETE',
    role: 'propose',
    group: 'Jobs',
    path: '/api/jobs/:id',
    summary: 'Ends a job between two steps; what it wrote is whole',
    params: jobParams,
    answer: { status: 202, schema: jobSummarySchema },
  },
  jobEvents: {
    ...reading,
    group: 'Jobs',
    path: '/api/jobs/:id/events',
    summary: 'How far a job is, as it goes: state, progress, remark, preview, end',
    params: jobParams,
    answer: stream,
  },

  signIn: {
    method: 'PUT',
    role: 'read',
    open: true,
    group: 'Operation',
    path: '/api/session',
    summary: 'Signs a page in by a cookie, where tokens are used',
    body: sessionRequestSchema,
    answer: ok(youSchema),
  },
  signOut: {
    method: 'DELETE',
    role: 'read',
    open: true,
    group: 'Operation',
    path: '/api/session',
    summary: 'Forgets the cookie',
    answer: empty,
  },

  metrics: {
    ...reading,
    group: 'Operation',
    path: '/metrics',
    summary: 'For Prometheus',
    answer: { status: 200, type: 'text/plain' },
  },
  openapi: {
    ...reading,
    group: 'Operation',
    path: '/openapi.json',
    summary: 'This description',
    answer: { status: 200, type: 'application/json' },
  },
};
