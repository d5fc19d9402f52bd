/** An error as one sentence for people; the stack only on request. */
import { optionName } from './options/table.js';

/** Codes of the system that a person can do something about. */
const systemReasons: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied; change its permissions or choose another place',
  EPERM: 'the system does not permit it; choose another place',
  EROFS: 'the disk is read-only; choose another place',
  ENOSPC: 'the disk is full; free some space and run again',
  EDQUOT: 'the disk quota is used up; free some space and run again',
  ENOENT: 'there is no such file or folder; check the path',
  ENOTDIR: 'a part of its path is a file, not a folder; check the path',
  EEXIST: 'a file of that name is in the way; choose another name',
  EISDIR: 'it is a folder; name a file',
  EMFILE: 'too many files are open; close some or raise the limit',
  EIO: 'the disk reports an input/output error; check the disk',
};

export function explain(error: unknown, { debug }: { readonly debug: boolean }): string {
  if (!(error instanceof Error)) return `editable: ${String(error)}`;
  const sentence = `editable: ${sentenceOf(error)}`;
  return debug ? `${sentence}\n${stacks(error)}` : sentence;
}

function sentenceOf(error: Error): string {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : systemReasons[code];
  if (reason !== undefined && syscall !== undefined) return `cannot ${verb(syscall)} ${path ?? 'a file'}: ${reason}.`;
  const message = inOptions(error)
    .trim()
    .split(/\s*\n\s*/)
    .join(' ');
  if (knownErrors.has(error.name)) return ended(message);
  return `${ended(message)} This is a fault of editable itself; run it again with --debug and report what it shows.`;
}

/** A setting is called by its option here. */
function inOptions(error: Error): string {
  const { field } = error as { readonly field?: string };
  if (error.name !== 'WorkspaceError' || field === undefined) return error.message;
  return `${optionName(field)}${error.message.slice(field.length)}`;
}

/** Errors made for people: their message is the sentence. */
const knownErrors: ReadonlySet<string> = new Set([
  'UsageError',
  'WorkspaceError',
  'EditableError',
  'TextError',
  'TorchError',
  'ChartError',
  'StudioError',
  'ThreadError',
]);

const verb = (syscall: string): string =>
  ({ mkdir: 'make the folder', open: 'open', write: 'write', fsync: 'write', rename: 'write' })[syscall] ?? syscall;

const ended = (message: string): string => (/[.!?]$/.test(message) ? message : `${message}.`);

function stacks(error: Error): string {
  const own = error.stack ?? '';
  return error.cause instanceof Error ? `${own}\ncaused by ${stacks(error.cause)}` : own;
}
