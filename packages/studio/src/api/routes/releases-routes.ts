/** Releases and bases: made, compared, checked, served, taken back. */

import type { BudgetReport, RunFigures } from '@editable/workspace';
import { z } from 'zod';
import { type BudgetQuery, budgetQuerySchema, budgetReportSchema, runFiguresSchema } from '../figures.js';
import type { JobDocument } from '../jobs.js';
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
} from '../releases.js';
import { type Served, servedSchema } from '../serving.js';
import { countText } from '../words.js';
import { begun, fileParams, type IdParams, limit, ok, type Route, reading, releaseParams } from './route.js';

export interface ReleasesRoutes {
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
}

export const releasesRoutes: ReleasesRoutes = {
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
    summary: 'Serves a release that passed its check; once this answers, predictions are its',
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
    role: 'propose',
    group: 'Releases',
    path: '/api/checks',
    summary:
      'Whether a release may be served: every repair re-tested, its cost held against a budget; the journal keeps it',
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
};
