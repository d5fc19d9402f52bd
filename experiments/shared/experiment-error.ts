/** A message for the person at the command line: one sentence, no stack. */
export class ExperimentError extends Error {
  override readonly name = 'ExperimentError';
}
