/** What is served, what stands beside it, and what changes. */

import { z } from 'zod';
import {
  type DifferenceDocument,
  differenceSchema,
  type RolloutDocument,
  type RolloutRequest,
  rolloutRequestSchema,
  rolloutSchema,
  type StatusDocument,
  statusSchema,
} from '../serving.js';
import { limit, ok, type Route, reading, stream } from './route.js';

export interface ServingRoutes {
  readonly status: Route<{ answer: StatusDocument }>;
  readonly events: Route;
  readonly rollout: Route<{ answer: RolloutDocument | null }>;
  readonly startRollout: Route<{ body: RolloutRequest; answer: RolloutDocument }>;
  readonly endRollout: Route<{ answer: RolloutDocument | null }>;
  readonly differences: Route<{ query: { limit?: number | undefined }; answer: readonly DifferenceDocument[] }>;
}

export const servingRoutes: ServingRoutes = {
  status: {
    ...reading,
    group: 'Serving',
    path: '/api/status',
    summary: 'What is served, and what is waiting',
    answer: ok(statusSchema),
  },
  events: { ...reading, group: 'Serving', path: '/api/events', summary: 'What changes, as it does', answer: stream },
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
};
