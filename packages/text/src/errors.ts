/** Errors of this package: one class, a stable `code`, a sentence that says what was expected, what came and what to do. */

/** What went wrong, for programs; the message says it for people. */
export type TextErrorCode = 'INVALID_ARGUMENT' | 'INVALID_FILE' | 'UNKNOWN_SYMBOL' | 'WRONG_MERGES';

/** The one error of this package. */
export class TextError extends Error {
  override readonly name = 'TextError';
  readonly code: TextErrorCode;

  constructor(code: TextErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What came, short enough for a sentence and on one line. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Throws `INVALID_ARGUMENT` unless `value` is a whole number from `from` upwards. */
export function checkCount(caller: string, what: string, value: number, from = 0): void {
  if (Number.isSafeInteger(value) && value >= from) return;
  throw new TextError(
    'INVALID_ARGUMENT',
    `${caller}: expected ${what} to be a whole number from ${from}, received ${value}.`,
  );
}
