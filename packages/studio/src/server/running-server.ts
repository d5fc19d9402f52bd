/** What a started server is, and what every kind of it needs at its beginning and end. */
import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';
import { invalid } from '../errors.js';
import { isLoopback } from './access.js';
import type { ServeOptions } from './options.js';

export interface RunningServer {
  /** http://127.0.0.1:8080 */
  readonly address: string;
  readonly model: string;
  /** What is served first. */
  readonly serves: string;
  /** Takes no more requests, answers those that it has, ends jobs between two steps. */
  close(): Promise<void>;
}

const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
export const packageVersion: string = version;

/** @throws StudioError for a name that is none, or an address that others reach without tokens */
export function requireSafe({ tokens = [], model }: Pick<ServeOptions, 'tokens' | 'model'>, host: string): void {
  if (!/^[\w.-]{1,100}$/.test(model))
    throw invalid(`name: expected letters, digits, dots and dashes, received "${model.slice(0, 100)}".`);
  if (tokens.length > 0 || isLoopback(host)) return;
  throw invalid(`host: ${host} can be reached by others: expected tokens with it, or 127.0.0.1.`);
}

/** A client may keep a connection open after its last answer: such ones do not hold the end up. */
export async function closeHttp(app: FastifyInstance): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), 50);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
  }
}
