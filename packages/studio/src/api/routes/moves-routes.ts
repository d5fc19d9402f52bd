/** The way to a retrained network. */
import { z } from 'zod';
import type { JobDocument } from '../jobs.js';
import { type MoveRequest, moveRequestSchema, type RunDocument, runSchema } from '../moves.js';
import { begun, ok, type Route, reading } from './route.js';

export interface MovesRoutes {
  readonly runs: Route<{ answer: readonly RunDocument[] }>;
  readonly move: Route<{ body: MoveRequest; answer: JobDocument }>;
}

export const movesRoutes: MovesRoutes = {
  runs: {
    ...reading,
    group: 'Releases',
    path: '/api/runs',
    summary: 'Runs that repairs can be moved to',
    answer: ok(z.array(runSchema)),
  },
  move: {
    method: 'POST',
    role: 'approve',
    group: 'Releases',
    path: '/api/moves',
    summary: 'Takes a retrained run as the next base, solves every repair on it, and says which it no longer needs',
    body: moveRequestSchema,
    answer: begun,
  },
};
