/** Errors of this package: one class, a stable `code`, a sentence that says what was expected, what came and what to do. */

export type ChartErrorCode = 'INVALID_ARGUMENT' | 'NOT_DRAWN';

/** What goes wrong in this package: a stable `code`, and a sentence for people. */
export class ChartError extends Error {
  override readonly name = 'ChartError';
  readonly code: ChartErrorCode;

  constructor(code: ChartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
