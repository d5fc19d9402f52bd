/** Errors of this package: one class, a stable `code`, a sentence that says what was expected, what came and what to do. */

export type WorkspaceErrorCode =
  /** A setting that cannot be used: `field` names it. */
  | 'INVALID_ARGUMENT'
  /** A file with wishes or settings that cannot be used. */
  | 'INVALID_FILE'
  /** The job's caller asked it to stop. */
  | 'CANCELLED'
  /** No store, or one that this version cannot read. */
  | 'INVALID_STORE'
  /** A store's journal or one of its files is not what was written. */
  | 'DAMAGED_STORE'
  /** No repair or release of that name. */
  | 'NOT_FOUND'
  /** What the state of a repair or a release does not allow. */
  | 'REFUSED'
  /** Repairs that cannot be had together, or a store that changed in the meantime. */
  | 'CONFLICT'
  /** Another process holds the store for longer than one waits. */
  | 'BUSY'
  /** The disk is full. */
  | 'NO_SPACE';

export interface WorkspaceErrorOptions extends ErrorOptions {
  /** The setting that is wrong: the message begins with it, and a command line puts its own word for it in its place. */
  readonly field?: string | undefined;
}

/** What goes wrong in this package: a stable `code`, a sentence for people, and the field of the settings it is about. */
export class WorkspaceError extends Error {
  override readonly name = 'WorkspaceError';
  readonly code: WorkspaceErrorCode;
  readonly field: string | undefined;

  constructor(code: WorkspaceErrorCode, problem: string, { field, ...options }: WorkspaceErrorOptions = {}) {
    super(field === undefined ? problem : `${field}: ${problem}`, options);
    this.code = code;
    this.field = field;
  }
}

/** A setting that cannot be used. */
export const invalid = (field: string, problem: string, options: ErrorOptions = {}): WorkspaceError =>
  new WorkspaceError('INVALID_ARGUMENT', problem, { ...options, field });

/** What a write failed with; where the disk is full, a sentence that says so. */
export function writeProblem(cause: unknown, folder: string): unknown {
  const { code = '', message = '' } = ((cause as Error).cause ?? cause) as {
    readonly code?: string;
    readonly message?: string;
  };
  if (!['ENOSPC', 'EDQUOT'].includes(code) && !/database or disk is full/i.test(message)) return cause;
  const problem = `${folder}: the disk is full, so this was not kept; make room and do it again.`;
  return new WorkspaceError('NO_SPACE', problem, { cause });
}
