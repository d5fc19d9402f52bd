/** The inference thread as the server calls it: versions are loaded, run and freed. */
import { CallingThread } from '../threads/calling-thread.js';
import { type BatchAnswer, Batcher, type BatchItem } from './batcher.js';
import type { InferenceData, LoadCall, Loaded, RunCall, RunResult } from './inference-calls.js';

export interface InferenceOptions extends InferenceData {
  readonly maxBatch: number;
  readonly maxWaiting: number;
  /** Each picture by itself. */
  readonly apart: boolean;
  /** [C, H, W] */
  readonly shape: readonly [number, number, number];
  readonly onBatch?: (pictures: number) => void;
}

export class InferenceThread {
  readonly #thread: CallingThread;
  readonly #batcher: Batcher;
  readonly #loaded = new Map<string, LoadCall>();
  /** Requests that wait, by version. */
  readonly #asked = new Map<string, number>();
  readonly #leaving = new Set<string>();

  constructor({ shape, apart, maxBatch, maxWaiting, onBatch, ...data }: InferenceOptions) {
    this.#thread = new CallingThread(new URL('./inference-worker.js', import.meta.url), data);
    const run = async (version: string, pictures: number, pixels: Float32Array<ArrayBuffer>): Promise<Float32Array> => {
      const call: RunCall = { version, shape: [pictures, ...shape], data: pixels, apart };
      return (await this.#thread.call<RunResult>('run', call)).logits;
    };
    this.#batcher = new Batcher(run, { maxBatch, maxWaiting }, onBatch);
  }

  /** Versions that answer. */
  get versions(): readonly string[] {
    return [...this.#loaded.keys()];
  }

  get waiting(): number {
    return this.#batcher.waiting;
  }

  /** @throws ThreadError DAMAGED_STORE, NOT_FOUND or REFUSED where it cannot be served */
  async load(call: LoadCall): Promise<Loaded> {
    const version = call.release ?? call.base;
    this.#leaving.delete(version);
    const loaded = await this.#thread.call<Loaded>('load', call);
    this.#loaded.set(version, call);
    return loaded;
  }

  /** Frees a version once nobody waits for its answer. */
  async retire(version: string): Promise<void> {
    this.#leaving.add(version);
    await this.#leave(version);
  }

  /** @throws StudioError BUSY; ThreadError NOT_FOUND where the version is not loaded */
  async answer(item: BatchItem): Promise<BatchAnswer> {
    const { version } = item;
    this.#asked.set(version, (this.#asked.get(version) ?? 0) + 1);
    try {
      return await this.#batcher.answer(item);
    } finally {
      this.#asked.set(version, (this.#asked.get(version) ?? 1) - 1);
      void this.#leave(version);
    }
  }

  async #leave(version: string): Promise<void> {
    if (!this.#leaving.has(version) || (this.#asked.get(version) ?? 0) > 0) return;
    this.#leaving.delete(version);
    this.#asked.delete(version);
    this.#loaded.delete(version);
    await this.#thread.call('unload', { version }).catch(() => {});
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
