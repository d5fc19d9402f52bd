/**
 * Dynamic batching: while the network runs, what comes in waits; what waits is run together. No request waits for company that
 * has not come yet, so a quiet server answers as fast as it would without.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { StudioError } from '../errors.js';

/** Pictures of one request. */
export interface BatchItem {
  readonly version: string;
  readonly pictures: number;
  /** [pictures, C, H, W] */
  readonly data: Float32Array;
}

export interface BatchAnswer {
  /** [pictures, classes] */
  readonly logits: Float32Array;
  /** Pictures that ran together, the request's own among them. */
  readonly batch: number;
  /** Milliseconds until its run began, and for which it ran. */
  readonly queued: number;
  readonly computed: number;
}

export interface BatcherOptions {
  /** Most pictures of different requests in one run; a request of more runs alone. */
  readonly maxBatch: number;
  /** Most pictures that may wait. */
  readonly maxWaiting: number;
  /** Whether a run may keep requests from arriving: then those that have arrived are taken in first. */
  readonly gathers?: () => boolean;
}

/** Runs pictures of one version: [pictures, C, H, W] in, [pictures, classes] out. */
export type RunBatch = (version: string, pictures: number, data: Float32Array<ArrayBuffer>) => Promise<Float32Array>;

interface Waiting extends BatchItem {
  readonly since: number;
  resolve(answer: BatchAnswer): void;
  reject(error: Error): void;
}

export class Batcher {
  readonly #run: RunBatch;
  readonly #options: BatcherOptions;
  readonly #onBatch: (pictures: number) => void;
  #waiting: Waiting[] = [];
  #pictures = 0;
  #running = false;

  /** `onBatch` is told of each run. */
  constructor(run: RunBatch, options: BatcherOptions, onBatch: (pictures: number) => void = () => {}) {
    this.#run = run;
    this.#options = options;
    this.#onBatch = onBatch;
  }

  /** Pictures that wait. */
  get waiting(): number {
    return this.#pictures;
  }

  /** @throws StudioError BUSY where too many wait; what the run throws */
  answer(item: BatchItem): Promise<BatchAnswer> {
    const { maxWaiting } = this.#options;
    if (this.#pictures + item.pictures > maxWaiting && this.#pictures > 0) {
      return Promise.reject(
        new StudioError(
          'BUSY',
          `${this.#pictures} pictures wait already, of at most ${maxWaiting}; try again shortly.`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...item, since: performance.now(), resolve, reject });
      this.#pictures += item.pictures;
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    if (this.#running || this.#waiting.length === 0) return;
    this.#running = true;
    try {
      if (this.#options.gathers?.() === true) await turn();
      await this.#runTogether(this.#taken());
    } finally {
      this.#running = false;
      void this.#next();
    }
  }

  /** The one that waits longest, and others of its version, first come first. */
  #taken(): readonly Waiting[] {
    const [first] = this.#waiting;
    if (first === undefined) return [];
    let room = this.#options.maxBatch;
    const batch = this.#waiting.filter((each) => {
      const fits = each === first || (each.version === first.version && each.pictures <= room);
      if (fits) room -= each.pictures;
      return fits;
    });
    const taken = new Set(batch);
    this.#waiting = this.#waiting.filter((each) => !taken.has(each));
    for (const { pictures } of batch) this.#pictures -= pictures;
    return batch;
  }

  async #runTogether(batch: readonly Waiting[]): Promise<void> {
    const started = performance.now();
    const pictures = batch.reduce((sum, each) => sum + each.pictures, 0);
    try {
      const [first] = batch as readonly [Waiting, ...Waiting[]];
      const logits = await this.#run(first.version, pictures, joined(batch));
      this.#onBatch(pictures);
      const computed = performance.now() - started;
      const width = logits.length / pictures;
      let from = 0;
      for (const { pictures: own, since, resolve } of batch) {
        const part = logits.subarray(from * width, (from + own) * width);
        from += own;
        resolve({ logits: part, batch: pictures, queued: started - since, computed });
      }
    } catch (error) {
      for (const { reject } of batch) reject(error as Error);
    }
  }
}

function joined(batch: readonly BatchItem[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(batch.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of batch) {
    all.set(data, at);
    at += data.length;
  }
  return all;
}
