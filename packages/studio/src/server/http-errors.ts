/** Errors as answers: a status for each code, and one sentence. */

import { WorkspaceError } from '@editable/workspace';
import { EditableError } from 'editable';
import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { ErrorDocument } from '../api/errors.js';
import { StudioError } from '../errors.js';
import { ThreadError } from '../threads/calls.js';
import type { Limits } from './options.js';

const statuses: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  INVALID_FILE: 400,
  UNKNOWN_LAYER: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  REFUSED: 409,
  CONFLICT: 409,
  CANCELLED: 409,
  TOO_LARGE: 413,
  UNSUPPORTED: 415,
  BUSY: 503,
  UNAVAILABLE: 503,
  NO_SPACE: 507,
};

export interface ErrorAnswer {
  readonly status: number;
  readonly document: ErrorDocument;
}

export function errorAnswer(error: unknown, { body }: Pick<Limits, 'body'>): ErrorAnswer {
  if (hasZodFastifySchemaValidationErrors(error)) return answer('INVALID_ARGUMENT', sentenceOf(error));
  if (isOurs(error)) return answer(error.code, error.message);
  const { statusCode, code, message } = error as FastifyError;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return answer('TOO_LARGE', `expected a request of at most ${body} bytes, received a larger one.`);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return answer('UNSUPPORTED', 'expected a body of application/json, application/octet-stream or a picture.');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { status: statusCode, document: { error: message, code: 'INVALID_ARGUMENT' } };
  return answer('INTERNAL', 'something went wrong here; the log of the server has the reason.');
}

const isOurs = (error: unknown): error is { readonly code: string; readonly message: string } =>
  [StudioError, ThreadError, WorkspaceError, EditableError].some((Class) => error instanceof Class) &&
  (error as { readonly code: string }).code !== 'INTERNAL';

const answer = (code: string, error: string): ErrorAnswer => ({
  status: statuses[code] ?? 500,
  document: { error, code },
});

/** "body/wishes/0/target: expected string" */
function sentenceOf({ validation = [], validationContext: where = 'body' }: FastifyError): string {
  const problems = validation
    .slice(0, 3)
    .map(({ instancePath, message = 'is not as expected' }) => `${where}${instancePath}: ${message}`);
  return `${problems.join('; ')}.`.slice(0, 500);
}
