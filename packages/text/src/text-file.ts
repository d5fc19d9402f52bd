/** Text of someone else's making: UTF-8 or a sentence that names the file and the line at fault. */
import { readFileSync, statSync } from 'node:fs';
import { TextError } from './errors.js';

/** The bytes of an ordinary file; throws `INVALID_FILE` for anything else or more than `maxBytes`. */
export function readTextFile(path: string, { maxBytes = 2 ** 31 }: { maxBytes?: number } = {}): Uint8Array {
  try {
    const status = statSync(path);
    if (!status.isFile()) {
      const kind = status.isDirectory() ? 'a folder' : 'a device or pipe';
      throw new TextError('INVALID_FILE', `Expected ${path} to be a text file; it is ${kind}.`);
    }
    if (status.size > maxBytes) {
      throw new TextError('INVALID_FILE', `Expected ${path} to have at most ${maxBytes} bytes; it has ${status.size}.`);
    }
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof TextError) throw cause;
    throw new TextError('INVALID_FILE', `Cannot read ${path}: ${reason(cause)}.`, { cause });
  }
}

/**
 * The lines of a text, without their breaks (\n or \r\n); what follows the last break is a line only if it is not empty.
 * A byte order mark at the start is left out. Throws `INVALID_FILE` with the number of the line that is not UTF-8.
 */
export function parseLines(text: string | Uint8Array, name: string): string[] {
  const whole = typeof text === 'string' ? text : decodeUtf8(text, name);
  const lines = (whole.startsWith('\ufeff') ? whole.slice(1) : whole).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TextError('INVALID_FILE', `Expected ${name} to be UTF-8; line ${badLine(bytes)} is not.`, { cause });
  }
}

/** The first line, counted from 1, whose bytes are not UTF-8: a line break is never part of another character. */
function badLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (let start = 0, line = 1; ; line++) {
    const end = bytes.indexOf(10, start);
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? undefined : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
  }
}

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return message ?? String(cause);
}
