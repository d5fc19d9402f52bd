/**
 * Descriptors on disk as they are made: a JSON line an edit, and its row as raw little-endian float32 in NAME.f32.
 * The row is written before the line, so whatever moment a process is killed at, the whole lines have whole rows.
 */
import { appendFileSync, existsSync, statSync, truncateSync } from 'node:fs';
import { readFileOrExplain } from '@editable/torch';
import { EditableError } from '../errors.js';
import { JsonLines } from '../runs/json-lines.js';
import type { DescribedEdit } from './described-edit.js';

interface Header {
  readonly descriptors: string;
}

export class DescriptorsFile {
  /** Where the rows are. */
  readonly rowsPath: string;
  readonly #edits: readonly DescribedEdit[];
  readonly #lines: JsonLines<DescribedEdit | Header>;
  readonly #rowBytes: number;

  /** Keeps what was written under the same key and drops everything else. */
  constructor(path: string, { key, images }: { readonly key: string; readonly images: number }) {
    this.rowsPath = `${path.replace(/\.jsonl$/, '')}.f32`;
    this.#rowBytes = images * Float32Array.BYTES_PER_ELEMENT;
    this.#lines = new JsonLines(path);
    const [header, ...rest] = this.#lines.read();
    const same = header !== undefined && 'descriptors' in header && header.descriptors === key;
    const rows = existsSync(this.rowsPath) ? Math.floor(statSync(this.rowsPath).size / this.#rowBytes) : 0;
    this.#edits = same ? (rest as DescribedEdit[]).slice(0, rows) : [];
    this.#lines.write([{ descriptors: key }, ...this.#edits]);
    if (rows > 0) truncateSync(this.rowsPath, this.#edits.length * this.#rowBytes);
  }

  /** Fills `values` with the rows there are, as many as it has room for, and returns their edits. */
  read(values: Float32Array): DescribedEdit[] {
    const count = Math.min(this.#edits.length, Math.floor(values.byteLength / this.#rowBytes));
    if (count === 0) return [];
    const bytes = readFileOrExplain(this.rowsPath).subarray(0, count * this.#rowBytes);
    new Uint8Array(values.buffer, values.byteOffset).set(bytes);
    return this.#edits.slice(0, count);
  }

  /** @throws EditableError INVALID_FILE where the disk takes no more */
  append(edit: DescribedEdit, row: Float32Array): void {
    try {
      appendFileSync(this.rowsPath, new Uint8Array(row.buffer, row.byteOffset, row.byteLength));
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const reason = code === 'ENOSPC' ? 'the disk is full; free some space and run again' : String(code);
      throw new EditableError('INVALID_FILE', `cannot write ${this.rowsPath}: ${reason}.`, { cause });
    }
    this.#lines.append(edit);
  }
}
