/** Errors of this package: one class, a stable `code`, a sentence that says what was expected, what came and what to do. */

export type TorchErrorCode =
  | 'INVALID_ARGUMENT'
  | 'OPERATOR_FAILED'
  | 'TENSOR_FREED'
  | 'SCOPE_MISUSE'
  | 'LIBTORCH_NOT_FOUND'
  | 'INVALID_FILE'
  | 'UNKNOWN_PARAMETER'
  /** A launcher's variables that are missing or cannot be used. */
  | 'INVALID_ENVIRONMENT'
  /** The addon was built without c10d's headers. */
  | 'NO_PROCESS_GROUPS'
  /** The processes of a group did not meet, or one of them is lost, too slow, or ended. */
  | 'GROUP_FAILED';

/** What goes wrong in this package: a stable `code`, and a sentence for people. */
export class TorchError extends Error {
  override readonly name = 'TorchError';
  readonly code: TorchErrorCode;

  constructor(code: TorchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
