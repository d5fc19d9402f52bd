/** Misuse of the command line: one sentence that names the option, what was expected and what came. */

export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}
