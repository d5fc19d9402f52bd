/** Signing in and metrics: the same whatever is served. */
import type { You } from '../api/serving.js';
import type { Metrics } from '../metrics/metrics.js';
import { type Access, cookieOf } from './access.js';
import type { SomeHandlers } from './handling.js';

export function operationHandlers({
  access,
  metrics,
}: {
  readonly access: Access;
  readonly metrics: Metrics;
}): SomeHandlers<'signIn' | 'signOut' | 'metrics'> {
  return {
    signIn: ({ body, request, reply }) => {
      access.refuseOthersPages(request);
      const you: You = access.usesTokens ? access.holderOf(body.token) : { name: null, role: 'approve' };
      void reply.header('set-cookie', cookieOf(body.token, request.protocol === 'https'));
      return you;
    },
    signOut: ({ request, reply }) => {
      access.refuseOthersPages(request);
      void reply.header('set-cookie', cookieOf('', request.protocol === 'https'));
      return null;
    },
    metrics: async ({ reply }) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  };
}
