/** Errors of this package: one class, a stable `code`, a sentence that says what was expected, what came and what to do. */

export type EditableErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_FILE'
  | 'DATA_NOT_FOUND'
  | 'UNKNOWN_LAYER'
  | 'INVALID_PATCH'
  | 'INVALID_RUN'
  | 'NOT_FINITE'
  | 'NO_CURVATURE';

/** What goes wrong in this package: a stable `code`, and a sentence for people. */
export class EditableError extends Error {
  override readonly name = 'EditableError';
  readonly code: EditableErrorCode;

  constructor(code: EditableErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
