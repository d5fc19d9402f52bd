/** Reading a file of someone else's making: any failure is one sentence that names the file. */
import { readFileSync, statSync } from 'node:fs';
import { EditableError } from '../errors.js';

/** The bytes of an ordinary file of at most `maxBytes`; throws `INVALID_FILE` for anything else. */
export function readFileBytes(path: string, { maxBytes }: { maxBytes: number }): Uint8Array {
  try {
    const status = statSync(path);
    if (!status.isFile()) {
      throw new EditableError(
        'INVALID_FILE',
        `Expected ${path} to be a file; it is ${status.isDirectory() ? 'a folder' : 'a device or pipe'}.`,
      );
    }
    if (status.size > maxBytes) {
      throw new EditableError(
        'INVALID_FILE',
        `Expected ${path} to have at most ${maxBytes} bytes; it has ${status.size}.`,
      );
    }
    const bytes = readFileSync(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (cause) {
    if (cause instanceof EditableError) throw cause;
    throw new EditableError('INVALID_FILE', `Cannot read ${path}: ${reason(cause)}.`, { cause });
  }
}

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return message ?? String(cause);
}
