/** Repairs: asked for, looked at, approved, ended. */

import { z } from 'zod';
import type { JobDocument } from '../jobs.js';
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
} from '../repairs.js';
import { begun, created, type IdParams, ok, type Route, reading, repairParams } from './route.js';

export interface RepairsRoutes {
  readonly repairs: Route<{ query: { status?: string | undefined }; answer: readonly RepairDocument[] }>;
  readonly repair: Route<{ params: IdParams; answer: RepairDocument }>;
  readonly propose: Route<{ body: ProposeRequest; answer: readonly RepairDocument[] }>;
  readonly approve: Route<{ body: ApproveRequest; answer: readonly RepairDocument[] }>;
  readonly approveOne: Route<{ params: IdParams; body: ReasonRequest; answer: RepairDocument }>;
  readonly retire: Route<{ params: IdParams; body: RetireRequest; answer: JobDocument }>;
  readonly preview: Route<{ body: PreviewRequest; answer: JobDocument }>;
}

export const repairsRoutes: RepairsRoutes = {
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
};
