/** Errors of this package: one class, a stable `code`, a sentence that says what was expected, what came and what to do. */

export type StudioErrorCode =
  | 'INVALID_ARGUMENT'
  /** No such address, model, job or picture. */
  | 'NOT_FOUND'
  /** A token is wanted, or the one that came is none. */
  | 'UNAUTHORIZED'
  /** The token's role does not allow it, or the request comes from another site's page. */
  | 'FORBIDDEN'
  /** What cannot be had together. */
  | 'REFUSED'
  | 'TOO_LARGE'
  /** A body of another kind. */
  | 'UNSUPPORTED'
  /** More waits than the server takes. */
  | 'BUSY'
  /** The server stops, or a thread of it ended. */
  | 'UNAVAILABLE'
  | 'NOT_FINITE'
  | 'CANCELLED'
  /** Something that should not happen: the log has it. */
  | 'INTERNAL';

export class StudioError extends Error {
  override readonly name = 'StudioError';
  readonly code: StudioErrorCode;

  constructor(code: StudioErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const invalid = (message: string): StudioError => new StudioError('INVALID_ARGUMENT', message);
export const notFound = (message: string): StudioError => new StudioError('NOT_FOUND', message);
