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

const rows = 'rows';

/** One JSON file for each key, in a folder of its own; `others`: work folders whose values serve as well. */
export class Kept<Value> {
  readonly #folder: string;
  readonly #others: readonly string[];

  constructor(work: string, others: readonly string[] = []) {
    this.#folder = join(work, rows);
    this.#others = others.map((other) => join(other, rows));
    makeRunFolder(this.#folder);
  }

  /** Adds up the time that calls spend on a value before it is set. */
  clock(key: unknown): SpentTime {
    return new SpentTime(this.#path(key).replace(/json$/, 'seconds'));
  }

  get(key: unknown): Value | undefined {
    const path = [this.#folder, ...this.#others]
      .map((folder) => this.#path(key, folder))
      .find((each) => existsSync(each));
    if (path === undefined) return undefined;
    return (JSON.parse(new TextDecoder().decode(readFileOrExplain(path))) as Entry<Value>).value;
  }

  set(key: unknown, value: Value): void {
    writeJson(this.#path(key), { key, value } satisfies Entry<Value>);
  }

  #path(key: unknown, folder = this.#folder): string {
    return join(folder, `${digest(key).slice(0, 24)}.json`);
  }
}
