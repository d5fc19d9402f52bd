/** What was measured is kept under everything that it depends on, and not measured again. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFileOrExplain } from '@editable/torch';
import { makeRunFolder, writeJson } from 'editable';
import { digest } from './digest.js';
import { SpentTime } from './spent-time.js';

interface Entry<Value> {
  readonly key: unknown;
  readonly value: Value;
}

/** One JSON file for each key, in a folder of its own. */
export class Kept<Value> {
  readonly #folder: string;

  constructor(work: string) {
    this.#folder = join(work, 'rows');
    makeRunFolder(this.#folder);
  }

  /** Adds up the time that calls spend on a value before it is set. */
  clock(key: unknown): SpentTime {
    return new SpentTime(this.#path(key).replace(/json$/, 'seconds'));
  }

  get(key: unknown): Value | undefined {
    const path = this.#path(key);
    if (!existsSync(path)) return undefined;
    return (JSON.parse(new TextDecoder().decode(readFileOrExplain(path))) as Entry<Value>).value;
  }

  set(key: unknown, value: Value): void {
    writeJson(this.#path(key), { key, value } satisfies Entry<Value>);
  }

  #path(key: unknown): string {
    return join(this.#folder, `${digest(key).slice(0, 24)}.json`);
  }
}
