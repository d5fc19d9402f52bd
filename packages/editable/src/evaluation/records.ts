/** What is kept of each edit of an evaluation, and what a list of them says. */
import { JsonLines } from '../runs/json-lines.js';
import { average, estimate } from './statistics.js';

export interface EditRecord {
  readonly index: number;
  readonly label: number;
  /** What the unedited model said. */
  readonly predicted: number;
  readonly target: number;
  readonly success: boolean;
  readonly steps: number;
  /** l_e after the edit; null where the method has no loss. */
  readonly loss: number | null;
  readonly errorAfter: number;
  /** errorAfter − error before: signed. */
  readonly drawdown: number;
  /** Of the estimate of drawdown, where it was judged on a sample; 0 where it is exact. */
  readonly standardError: number;
  /** Images that it was judged on. */
  readonly judged: number;
  /** Test images whose prediction changed; an estimate where judged on a sample. */
  readonly flips: number;
  /** Test images that were right and turn wrong; an estimate where judged on a sample. */
  readonly negativeFlips: number;
  /** Share of augmented views of the edited image that follow the edit; null where no step was taken or it failed. */
  readonly generality: number | null;
}

export interface EditSummary {
  /** Mean signed change of test error. */
  readonly drawdown: number;
  /** 95 % interval of its mean over edits; it covers the spread over edits and that of sampling. */
  readonly drawdownInterval: [low: number, high: number];
  /** Half-width of the 95 % interval that sampling alone accounts for; 0 where drawdown is exact. */
  readonly samplingError: number;
  /** Mean absolute change of test error; sampling makes it larger. */
  readonly drawdownAbsolute: number;
  /** Mean number of changed predictions. */
  readonly flips: number;
  /** Mean number of right answers that turn wrong. */
  readonly negativeFlips: number;
  readonly successRate: number;
  readonly meanSteps: number;
  readonly edits: number;
  readonly generality: number;
  /** Mean number of images that an edit was judged on. */
  readonly meanJudged: number;
}

/** The metrics of a list of records. */
export function summarize(records: readonly EditRecord[]): EditSummary {
  const drawdown = estimate(records.map((record) => record.drawdown));
  const variance = records.reduce((sum, record) => sum + record.standardError ** 2, 0);
  return {
    drawdown: drawdown.mean,
    drawdownInterval: drawdown.interval,
    samplingError: (1.96 * Math.sqrt(variance)) / Math.max(records.length, 1),
    drawdownAbsolute: average(records.map((record) => Math.abs(record.drawdown))),
    flips: average(records.map((record) => record.flips)),
    negativeFlips: average(records.map((record) => record.negativeFlips)),
    successRate: average(records.map((record) => Number(record.success))),
    meanSteps: average(records.map((record) => record.steps)),
    edits: records.length,
    generality: average(records.flatMap((record) => (record.generality === null ? [] : [record.generality]))),
    meanJudged: average(records.map((record) => record.judged)),
  };
}

/** Records after a first line that says what they are of; those of something else are dropped. */
export class RecordsFile<Record extends object = EditRecord> {
  readonly records: Record[];
  readonly #lines: JsonLines<Record | { readonly evaluation: string }>;

  constructor(path: string, key: string) {
    this.#lines = new JsonLines(path);
    const [header, ...rest] = this.#lines.read();
    const same = header !== undefined && 'evaluation' in header && header.evaluation === key;
    this.records = same ? (rest as Record[]) : [];
    this.#lines.write([{ evaluation: key }, ...this.records]);
  }

  /** Writes one record to the disk before it returns. */
  append(record: Record): void {
    this.#lines.append(record);
  }
}
