/** Records appended one JSON line at a time. A line cut short by a crash is dropped when the file is opened again. */
import { appendFileSync, existsSync } from 'node:fs';
import { readFileOrExplain, writeFileAtomically } from '@editable/torch';
import { EditableError } from '../errors.js';

/** A file of one JSON value a line, appended to; what a crash cut short is left out. */
export class JsonLines<Item> {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The whole lines there are; what follows the first broken one is left out. */
  read(): Item[] {
    if (!existsSync(this.path)) return [];
    const items: Item[] = [];
    for (const line of new TextDecoder().decode(readFileOrExplain(this.path)).split('\n').slice(0, -1)) {
      try {
        items.push(JSON.parse(line) as Item);
      } catch {
        break;
      }
    }
    return items;
  }

  /** Replaces the whole contents. */
  write(items: readonly Item[]): void {
    writeFileAtomically(this.path, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  }

  /** @throws EditableError INVALID_FILE where the disk takes no more */
  append(item: Item): void {
    try {
      appendFileSync(this.path, `${JSON.stringify(item)}\n`);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const reason = code === 'ENOSPC' ? 'the disk is full; free some space and run again' : String(code);
      throw new EditableError('INVALID_FILE', `cannot write ${this.path}: ${reason}.`, { cause });
    }
  }
}
