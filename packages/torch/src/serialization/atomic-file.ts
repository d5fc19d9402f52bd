/** Files written whole or not at all, and read with an error that a person can act on. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { TorchError } from '../errors.js';

/**
 * Writes a file beside its destination, syncs it and renames it into place, so that a reader (or a crash) meets the
 * old contents or the new, never a part; throws `TorchError` INVALID_FILE and leaves nothing behind when it cannot.
 * What a process killed in the middle of it has left is removed by the next that writes the same file.
 */
export const writeFileAtomically = (path: string, chunks: Uint8Array | string | Iterable<Uint8Array>): void => {
  let temporary: string | undefined;
  try {
    const destination = replaceable(path);
    temporary = temporaryBeside(destination);
    writeSynced(temporary, asChunks(chunks));
    renameSync(temporary, destination);
    temporary = undefined;
    syncFolder(dirname(destination));
  } catch (error) {
    if (temporary !== undefined) removeQuietly(temporary);
    throw explained('write', path, error);
  }
};

/** The whole contents of a regular file; throws `TorchError` INVALID_FILE with the path and the cause. */
export const readFileOrExplain = (path: string): Uint8Array => {
  let file: number | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (stat.isDirectory()) throw refusal('read', path, 'it is a folder; name a file');
    if (!stat.isFile()) throw refusal('read', path, 'it is a device or a pipe; name a regular file');
    return readWhole(file, allocate(path, stat.size));
  } catch (error) {
    throw explained('read', path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
};

const allocate = (path: string, size: number): Uint8Array => {
  try {
    return new Uint8Array(size);
  } catch {
    throw refusal('read', path, `its ${size} bytes do not fit in memory; use a machine with more, or a smaller file`);
  }
};

// Linux moves at most 2 GiB in one call.
const largestTransfer = 2 ** 30;

const readWhole = (file: number, contents: Uint8Array): Uint8Array => {
  let length = 0;
  while (length < contents.length) {
    const count = readSync(file, contents, length, Math.min(contents.length - length, largestTransfer), length);
    if (count === 0) return contents.subarray(0, length);
    length += count;
  }
  return contents;
};

/** The path to rename onto: links are followed, and devices are kept (a rename over /dev/null would replace it). */
const replaceable = (path: string): string => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return path;
  if (stat.isDirectory()) throw refusal('write', path, 'it is a folder; name a file in it');
  if (!stat.isFile()) throw refusal('write', path, 'it is a device or a pipe; name a regular file');
  return realpathSync(path);
};

// The name is cut so that the longest legal file name still has a legal neighbour. Process numbers mean nothing on another
// host, which may share the folder.
const temporaryStart = (path: string): string => `.${basename(path).slice(0, 40)}.${hostname()}.`;

/**
 * A hidden name in the same folder, for a file that is renamed to `path` once it is whole. What processes of this machine
 * that are gone have left under such names is removed.
 */
export const temporaryBeside = (path: string): string => {
  const start = temporaryStart(path);
  for (const name of namesIn(dirname(path))) {
    if (!name.startsWith(start)) continue;
    const id = /^(\d+)\.\d+\.tmp$/.exec(name.slice(start.length))?.[1];
    if (id !== undefined && !isAlive(Number(id))) removeQuietly(join(dirname(path), name));
  }
  return join(dirname(path), `${start}${process.pid}.${threadId}.tmp`);
};

/** None in a folder that cannot be listed: writing into it may work all the same, and says why where it does not. */
const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const isAlive = (id: number): boolean => {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};

const asChunks = (chunks: Uint8Array | string | Iterable<Uint8Array>): Iterable<Uint8Array> => {
  if (typeof chunks === 'string') return [Buffer.from(chunks)];
  return chunks instanceof Uint8Array ? [chunks] : chunks;
};

const writeSynced = (path: string, chunks: Iterable<Uint8Array>): void => {
  const file = openSync(path, 'w');
  try {
    for (const chunk of chunks) writeWhole(file, chunk);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

const writeWhole = (file: number, chunk: Uint8Array): void => {
  for (let done = 0; done < chunk.length; ) {
    done += writeSync(file, chunk, done, Math.min(chunk.length - done, largestTransfer));
  }
};

/** Makes the rename itself survive a power cut; some file systems cannot sync a folder, and the file is whole anyway. */
const syncFolder = (path: string): void => {
  try {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {}
};

const removeQuietly = (path: string): void => {
  try {
    rmSync(path, { force: true });
  } catch {}
};

const causes: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder; check the path'],
  ['ENOTDIR', 'a part of its path is a file, not a folder; check the path'],
  ['EISDIR', 'it is a folder; name a file'],
  ['EACCES', 'permission is denied; change its permissions or choose another place'],
  ['EPERM', 'the system does not permit it; change its permissions or choose another place'],
  ['EROFS', 'the disk is read-only; choose another place'],
  ['ENOSPC', 'the disk is full; free some space and run again'],
  ['EDQUOT', 'the disk quota is used up; free some space and run again'],
  ['EFBIG', 'it is larger than the system allows; choose another place or raise the limit'],
  ['ENAMETOOLONG', 'its name is too long; choose a shorter one'],
  ['ELOOP', 'its path goes round in circles through symbolic links; check the path'],
  ['EMFILE', 'too many files are open; close some or raise the limit'],
  ['EIO', 'the disk reports an input/output error; check the disk'],
]);

const refusal = (verb: 'read' | 'write', path: string, cause: string): TorchError =>
  new TorchError('INVALID_FILE', `cannot ${verb} ${path}: ${cause}`);

/** System errors in words; anything else (an error of the code that makes the chunks) passes unchanged. */
const explained = (verb: 'read' | 'write', path: string, error: unknown): unknown => {
  const code =
    error instanceof Error && !(error instanceof TorchError) ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === undefined) return error;
  if (verb === 'write' && code === 'ENOENT')
    return refusal(verb, path, 'its folder does not exist; make the folder first');
  return new TorchError('INVALID_FILE', `cannot ${verb} ${path}: ${causes.get(code) ?? `the system says ${code}`}`, {
    cause: error,
  });
};
