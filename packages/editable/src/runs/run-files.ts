/** The files of a run's folder: their names, JSON read and written, the folder made. */
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readFileOrExplain, writeFileAtomically } from '@editable/torch';
import { EditableError } from '../errors.js';

export const runFiles = {
  config: 'config.json',
  metrics: 'metrics.jsonl',
  model: 'model.safetensors',
  checkpoint: 'checkpoint.safetensors',
  editor: 'editor.json',
  curvature: 'curvature.safetensors',
} as const;

/** Writes the file whole or not at all. */
export const writeJson = (path: string, value: unknown): void =>
  writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`);

/** Makes the folder, parents included. @throws EditableError INVALID_RUN where that is not possible */
export function makeRunFolder(folder: string): void {
  try {
    // One by one: Node's recursive mkdir calls a read-only place "missing", and never returns on some (/proc/self/run).
    for (const missing of missingFolders(folder)) makeUnlessThere(missing);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const reason = folderProblems[code] ?? code;
    throw new EditableError(
      'INVALID_RUN',
      `cannot make the folder ${folder}: ${reason}; choose another place for the run.`,
      { cause },
    );
  }
}

const folderProblems: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a file stands in its way',
  EEXIST: 'a file stands in its way',
};

/** Of processes that make the same folder at once, all but one find it made. */
function makeUnlessThere(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (cause) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw cause;
  }
}

/** The folders to make, outermost first. */
function missingFolders(folder: string): string[] {
  const path = resolve(folder);
  return existsSync(path) ? [] : [...missingFolders(dirname(path)), path];
}

/** Removes the file where there is one. */
export const removeFile = (path: string): void => rmSync(path, { force: true });

/** @throws EditableError INVALID_RUN where it is no JSON; TorchError where it cannot be read */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(readFileOrExplain(path)));
  } catch (cause) {
    if (cause instanceof SyntaxError)
      throw new EditableError('INVALID_RUN', `${path} is not JSON: ${cause.message}.`, { cause });
    throw cause;
  }
}
