/** A sequence's records, kept as JSON lines after a first line that says what they are of. */
import type { EditTask } from '../evaluation/edit-tasks.js';
import { JsonLines } from '../runs/json-lines.js';
import type { StepResult } from './edited-model.js';

/** One edit of a sequence. */
export interface SequenceRecord extends EditTask, StepResult {
  readonly label: number;
  /** After this edit; null where it is no checkpoint. */
  readonly judged: SequenceCheckpoint | null;
}

export interface SequenceCheckpoint {
  /** Edits tried so far, this one included. */
  readonly edits: number;
  /** Error on the judged images, none of which is edited anywhere in the sequence. */
  readonly testError: number;
  /** testError − the unedited model's: signed. */
  readonly drawdown: number;
  /** Judged images whose prediction differs from the unedited model's. */
  readonly flips: number;
  /** Share of the successful edits so far whose input still gets its target; null before the first. */
  readonly inForce: number | null;
  /** Share of the edits so far that succeeded. */
  readonly successRate: number;
}

export class SequenceRecords {
  readonly #key: string;
  readonly #lines: JsonLines<SequenceRecord | { readonly sequence: string }> | undefined;
  #records: readonly SequenceRecord[];

  /** Keeps nothing where there is no path; drops the records of another sequence. */
  constructor(path: string | undefined, key: string) {
    this.#key = key;
    this.#lines = path === undefined ? undefined : new JsonLines(path);
    const [header, ...rest] = this.#lines?.read() ?? [];
    const same = header !== undefined && 'sequence' in header && header.sequence === key;
    this.#records = same ? (rest as SequenceRecord[]) : [];
    this.#rewrite();
  }

  /**
   * The record of an edit that has been made again. Where it went otherwise (another machine, another number of threads),
   * this record and all later ones are of another model: they are dropped.
   */
  at(position: number, { success, steps, loss, predicted }: StepResult): SequenceRecord | undefined {
    const record = this.#records[position];
    if (record === undefined) return undefined;
    const same =
      record.success === success && record.steps === steps && record.loss === loss && record.predicted === predicted;
    if (same) return record;
    this.#records = this.#records.slice(0, position);
    this.#rewrite();
    return undefined;
  }

  add(record: SequenceRecord): void {
    this.#lines?.append(record);
  }

  #rewrite(): void {
    this.#lines?.write([{ sequence: this.#key }, ...this.#records]);
  }
}
