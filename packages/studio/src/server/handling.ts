/** What a handler gets and gives, by the table of routes: every route has one, or this does not compile. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Route, Routes } from '../api/routes.js';
import type { You } from '../api/serving.js';

export interface Handled<S> {
  readonly params: S extends { params: infer P } ? P : unknown;
  readonly query: S extends { query: infer Q } ? Q : unknown;
  readonly body: S extends { body: infer B } ? B : unknown;
  readonly you: You;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

type Given<S> = S extends { answer: infer A } ? A : unknown;

export type Handler<R> = R extends Route<infer S> ? (handled: Handled<S>) => Given<S> | Promise<Given<S>> : never;

export type Handlers = { readonly [Name in keyof Routes]: Handler<Routes[Name]> };

/** What some of the routes are handled by. */
export type SomeHandlers<Names extends keyof Routes> = Pick<Handlers, Names>;

declare module 'fastify' {
  interface FastifyRequest {
    /** What follows the JSON of a request with binary tensors; undefined where there is no such part. */
    binary: Uint8Array | undefined;
  }
}
