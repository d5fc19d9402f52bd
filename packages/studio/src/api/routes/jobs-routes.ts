/** Jobs and their events. */

import { z } from 'zod';
import { type JobDocument, type JobSummary, jobSchema, jobSummarySchema } from '../jobs.js';
import { type IdParams, jobParams, ok, type Route, reading, stream } from './route.js';

export interface JobsRoutes {
  readonly jobs: Route<{ answer: readonly JobSummary[] }>;
  readonly job: Route<{ params: IdParams; answer: JobDocument }>;
  readonly cancelJob: Route<{ params: IdParams; answer: JobSummary }>;
  readonly jobEvents: Route<{ params: IdParams }>;
}

export const jobsRoutes: JobsRoutes = {
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
};
