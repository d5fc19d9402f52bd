/** Time spent on something that may be stopped and continued: written down every few seconds, added up over all calls. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { writeFileAtomically } from '@editable/torch';

const writeEvery = 5000;

export class SpentTime implements Disposable {
  readonly #path: string;
  readonly #before: number;
  readonly #started: number = performance.now();
  readonly #timer: NodeJS.Timeout;

  /** Goes on from what the file says; its folder must be there. */
  constructor(path: string) {
    this.#path = path;
    this.#before = existsSync(path) ? Number(readFileSync(path, 'utf8')) || 0 : 0;
    this.#timer = setInterval(() => writeFileAtomically(path, String(this.seconds)), writeEvery);
  }

  get seconds(): number {
    return this.#before + (performance.now() - this.#started) / 1000;
  }

  /** What was timed is done: the file goes. */
  finish(): void {
    rmSync(this.#path, { force: true });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
