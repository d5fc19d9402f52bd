/** The HTTP side: the table of routes registered with their handlers, limits, errors, headers, and the description of it all. */

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import helmet from '@fastify/helmet';
import staticFiles from '@fastify/static';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { jsonSchemaTransform, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorSchema } from '../api/errors.js';
import type { Route } from '../api/routes.js';
import { StudioError } from '../errors.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Access } from './access.js';
import type { Handled, Handlers } from './handling.js';
import { errorAnswer } from './http-errors.js';
import type { Limits } from './options.js';

export interface HttpOptions {
  readonly version: string;
  readonly logLevel: string;
  readonly limits: Limits;
  readonly access: Access;
  /** A folder with a built page. */
  readonly page: string | undefined;
}

/** Without routes yet, so that its log is there for everything else. */
export function createHttp({ logLevel, limits }: Pick<HttpOptions, 'logLevel' | 'limits'>): FastifyInstance {
  return fastify({
    // Results go to stdout, what is told beside them to stderr: so everywhere here.
    logger: { level: logLevel, stream: process.stderr },
    bodyLimit: limits.body,
    requestTimeout: 60_000,
    // Longer than what proxies keep a connection for: else one asks on a connection that is just being closed.
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: ({ headers }) => {
      const own = headers['x-request-id'];
      return typeof own === 'string' && /^[\w.:-]{1,128}$/.test(own) ? own : randomUUID();
    },
  }) as unknown as FastifyInstance;
}

/** Every route but the description's own has its handler. */
export interface HandledRoutes {
  readonly routes: object;
  readonly handlers: object;
}

export async function registerHttp(
  app: FastifyInstance,
  { routes, handlers }: HandledRoutes,
  metrics: Metrics,
  { version, limits, access, page }: HttpOptions,
): Promise<void> {
  app.setValidatorCompiler(validatorCompiler);
  // The documents are held to their schemas by types and tests; here they are only written.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.decorateRequest('binary');
  readBodies(app);
  answerErrors(app, limits);
  boundRequests(app, limits);
  logRequests(app, metrics);
  await app.register(helmet, securityHeaders);
  await app.register(swagger, { openapi: described(version), transform: jsonSchemaTransform });
  await app.register(async (scope) => {
    let description: string | undefined;
    const openapi: Handlers['openapi'] = ({ reply }) => {
      description ??= JSON.stringify(app.swagger());
      return reply.type('application/json').send(description);
    };
    const all = { ...handlers, openapi } as Readonly<Record<string, AnyHandler>>;
    for (const [name, route] of Object.entries(routes) as [string, Route][])
      register(scope, name, route, { handler: all[name] as AnyHandler, access });
  });
  if (page !== undefined && existsSync(page))
    await app.register(staticFiles, { root: page, prefix: '/', wildcard: false });
}

type AnyHandler = (handled: Handled<object>) => unknown;

function register(
  scope: FastifyInstance,
  name: string,
  { method, path, role, group, summary, params, query, body, answer, open }: Route,
  { handler, access }: { readonly handler: AnyHandler; readonly access: Access },
): void {
  const own = 'schema' in answer ? answer.schema : z.string();
  scope.route({
    method,
    url: path,
    schema: {
      operationId: name,
      summary,
      description: open === true ? 'Needs no token.' : `Needs the role ${role} where tokens are used.`,
      tags: [group],
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { querystring: query }),
      ...(body === undefined ? {} : { body }),
      response: { [answer.status]: own, '4xx': errorSchema, '5xx': errorSchema },
    },
    onRequest: async (request: FastifyRequest) => {
      if (open !== true) request.you = access.admit(request, role);
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const { params: given, query: asked, body: sent, you } = request;
      const result = await handler({ params: given, query: asked, body: sent, you, request, reply } as Handled<object>);
      // A reply can be awaited: by then it may have been sent, or its receiver be gone.
      if (result === reply || reply.sent || reply.raw.headersSent || reply.raw.destroyed) return reply;
      if (reply.statusCode === 200) void reply.status(answer.status);
      return reply.type('application/json').send(JSON.stringify(result ?? null));
    },
  });
}

declare module 'fastify' {
  interface FastifyRequest {
    you: import('../api/serving.js').You;
  }
}

/** JSON, JSON with binary tensors after it, or bytes. What says nothing of its kind is JSON: Triton's clients send it so. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const type = request.headers['content-type'] ?? '';
    const bytes = body as Buffer;
    const head = request.headers['inference-header-content-length'];
    try {
      requirePlain(request);
      if (head !== undefined) done(null, withBinary(request, bytes, String(head)));
      else if (type === '' || /^application\/([\w.+-]+\+)?json\b/i.test(type))
        done(null, bytes.length === 0 ? null : parsed(bytes));
      else if (/^(application\/octet-stream|image\/)/i.test(type)) done(null, bytes);
      else
        throw new StudioError(
          'UNSUPPORTED',
          `expected a body of application/json, application/octet-stream or a picture, received "${type.slice(0, 80)}".`,
        );
    } catch (error) {
      done(error as Error);
    }
  });
}

/** @throws StudioError UNSUPPORTED for a compressed body */
function requirePlain({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  throw new StudioError('UNSUPPORTED', `expected a body without compression, received ${encoding.slice(0, 40)}.`);
}

function withBinary(request: FastifyRequest, bytes: Buffer, head: string): unknown {
  const length = /^\d{1,9}$/.test(head) ? Number(head) : Number.NaN;
  if (!(length <= bytes.length)) {
    throw new StudioError(
      'INVALID_ARGUMENT',
      `inference-header-content-length: expected a number of bytes up to the body's ${bytes.length}, received "${head.slice(0, 20)}".`,
    );
  }
  request.binary = bytes.subarray(length);
  return parsed(bytes.subarray(0, length));
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new StudioError('INVALID_ARGUMENT', `expected JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
}

function answerErrors(app: FastifyInstance, limits: Limits): void {
  const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { status, document } = errorAnswer(error, limits);
    if (status >= 500) request.log.error({ err: error, url: request.url }, 'request failed');
    if (status === 401) void reply.header('www-authenticate', 'Bearer');
    if (status === 503) void reply.header('retry-after', '1');
    return reply.status(status).type('application/json').send(JSON.stringify(document));
  };
  app.setErrorHandler(answer);
  app.setNotFoundHandler((request, reply) =>
    answer(
      new StudioError(
        'NOT_FOUND',
        `there is no ${request.method} ${request.url.slice(0, 200)} here; /openapi.json lists what is.`,
      ),
      request,
      reply,
    ),
  );
}

/** Health answers also where everything else is full. */
function boundRequests(app: FastifyInstance, limits: Limits): void {
  let running = 0;
  app.addHook('onRequest', async (request, reply) => {
    running += 1;
    reply.raw.once('close', () => {
      running -= 1;
    });
    if (running > limits.requests && !request.url.startsWith('/v2/health/'))
      throw new StudioError('BUSY', `${limits.requests} requests are being answered already; try again shortly.`);
  });
}

/** One line a request; predictions only where debugging is asked for, as there are many. */
function logRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', async ({ method, url, log, you }, reply) => {
    metrics.responded(method, reply.statusCode);
    const isQuiet = method === 'GET' || /\/infer$|^\/api\/predict$/.test(url);
    const line = {
      method,
      url: url.slice(0, 200),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      by: you?.name,
    };
    if (isQuiet) log.debug(line, 'answered');
    else log.info(line, 'answered');
  });
}

/** Scripts, styles and data from here only; style elements may stand in a page, as its components make them. */
const securityHeaders = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  // Plain HTTP on one's own machine: what stands before it adds this.
  strictTransportSecurity: false,
  referrerPolicy: { policy: 'no-referrer' as const },
};

const described = (version: string): object => ({
  openapi: '3.1.0',
  info: {
    title: 'editable serve',
    version,
    description: 'Predictions by the Open Inference Protocol, and the work of a store of repairs and releases.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  security: [{}, { token: [] }],
});
