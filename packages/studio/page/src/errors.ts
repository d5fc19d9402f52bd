/** Errors of the page: what the server refused, and what did not reach it. */

export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** The server's stable code, or UNREACHABLE. */
  readonly code: string;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

export const unreachable = (cause: unknown): RefusedError =>
  new RefusedError('UNREACHABLE', 'The server does not answer. Is "editable serve" still running?', { cause });

export const codeOf = (error: unknown): string | null => (error instanceof RefusedError ? error.code : null);
