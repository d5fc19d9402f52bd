/** What a route is, and the parts that several routes have in common. */

import { z } from 'zod';
import { type JobDocument, jobSchema } from '../jobs.js';
import type { Role } from '../serving.js';
import { countText, releaseName, repairName } from '../words.js';

export interface Shapes {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly answer?: unknown;
}

/** What goes out: JSON by a schema, or bytes of a kind. */
export type Answer<Value = unknown> =
  | { readonly status: number; readonly schema: z.ZodType<Value> }
  | { readonly status: number; readonly type: string };

export interface Route<S extends Shapes = Shapes> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `:name` stands for a parameter. */
  readonly path: string;
  readonly role: Role;
  readonly group: string;
  readonly summary: string;
  /** Needs no token. */
  readonly open?: true;
  readonly params?: z.ZodType<S['params']>;
  readonly query?: z.ZodType<S['query']>;
  readonly body?: z.ZodType<S['body']>;
  readonly answer: Answer<S['answer']>;
}

export interface VersionParams {
  readonly model: string;
  readonly version: string;
}
export interface ModelParams {
  readonly model: string;
}
export interface IdParams {
  readonly id: string;
}
export interface NumberParams {
  readonly id: number;
}
export interface Enlarged {
  /** Each pixel becomes a square of so many. */
  readonly scale?: number | undefined;
}

const model = z.string().min(1).max(256);
export const modelParams: z.ZodType<ModelParams> = z.object({ model });
export const versionParams: z.ZodType<VersionParams> = z.object({ model, version: releaseName });
export const repairParams: z.ZodType<IdParams> = z.object({ id: repairName });
export const releaseParams: z.ZodType<IdParams> = z.object({ id: releaseName });
export const jobParams: z.ZodType<IdParams> = z.object({ id: z.string().regex(/^[0-9a-z-]{1,64}$/) });
/** As an export's `download` has it. */
export const fileParams: z.ZodType<IdParams> = z.object({ id: z.string().regex(/^[0-9a-z-]{1,100}$/) });
export const numberParams: z.ZodType<NumberParams> = z.object({ id: countText });
/** Of a list. */
export const limit: z.ZodType<number | undefined, string | undefined> = countText
  .pipe(z.number().min(1).max(10_000))
  .optional();
export const enlarged: z.ZodType<Enlarged> = z.object({
  scale: countText.pipe(z.number().int().min(1).max(16)).optional(),
});

export const ok = <Value>(schema: z.ZodType<Value>): Answer<Value> => ({ status: 200, schema });
export const created = <Value>(schema: z.ZodType<Value>): Answer<Value> => ({ status: 201, schema });
/** A job was begun: its events tell the rest. */
export const begun: Answer<JobDocument> = { status: 202, schema: jobSchema };
export const png: Answer<never> = { status: 200, type: 'image/png' };
export const stream: Answer<never> = { status: 200, type: 'text/event-stream' };
export const empty: Answer<null> = { status: 200, schema: z.null() };

export const inference = { role: 'read', group: 'Open Inference Protocol' } as const;
export const reading = { method: 'GET', role: 'read' } as const;
