/** Signing in, metrics, and the description of it all. */
import { type SessionRequest, sessionRequestSchema, type You, youSchema } from '../serving.js';
import { empty, ok, type Route, reading } from './route.js';

export interface OperationRoutes {
  readonly signIn: Route<{ body: SessionRequest; answer: You }>;
  readonly signOut: Route<{ answer: null }>;
  readonly metrics: Route;
  readonly openapi: Route;
}

export const operationRoutes: OperationRoutes = {
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
