/** Trials as they are made, one JSON line each under a key of all that decides it: a killed search continues from them. */

import type { ProcessGroup } from '@editable/torch';
import { JsonLines } from '../runs/json-lines.js';
import type { Trial } from './trial.js';

interface Line {
  readonly key: string;
  readonly trial: Trial;
}

/** Where one is asked for; of several processes rank 0 alone has it. */
export const trialsIn = (path: string | undefined, group: ProcessGroup | undefined): TrialsFile | undefined =>
  path === undefined || (group?.rank ?? 0) > 0 ? undefined : new TrialsFile(path);

export class TrialsFile {
  readonly #lines: JsonLines<Line>;
  readonly #trials: Map<string, Trial>;

  constructor(path: string) {
    this.#lines = new JsonLines(path);
    const whole = this.#lines.read();
    this.#trials = new Map(whole.map(({ key, trial }) => [key, trial]));
    // Without what a kill left of a last line, to which the next one would be appended.
    this.#lines.write(whole);
  }

  get(key: string): Trial | undefined {
    return this.#trials.get(key);
  }

  add(key: string, trial: Trial): void {
    this.#lines.append({ key, trial });
    this.#trials.set(key, trial);
  }
}
