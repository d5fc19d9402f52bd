/** What answers, as the server calls it: versions are loaded, run together and freed. */
import { StudioError } from '../errors.js';
import { type BatchAnswer, Batcher, type BatchItem } from './batcher.js';
import type { InferenceData, LoadCall, Loaded } from './inference-calls.js';
import { chosenRunner, type Runner } from './runners.js';

export interface InferenceOptions extends InferenceData {
  readonly maxBatch: number;
  readonly maxWaiting: number;
  /** [C, H, W] */
  readonly shape: readonly [number, number, number];
  /** Milliseconds that a lone picture may keep HTTP waiting; 0: none does. */
  readonly longestBlock: number;
  readonly onBatch?: (pictures: number) => void;
  /** Told of a version whose lone pictures take longer than they should, and why. */
  readonly onUnoptimized?: (version: string, why: string) => void;
}

export class Inference {
  readonly #options: InferenceOptions;
  readonly #batcher: Batcher;
  readonly #loaded = new Map<string, LoadCall>();
  /** Requests that wait, by version. */
  readonly #asked = new Map<string, number>();
  readonly #leaving = new Set<string>();
  #runner: Runner | undefined;
  #choosing: Promise<Loaded> | undefined;
  #closed = false;

  constructor(options: InferenceOptions) {
    const { shape, maxBatch, maxWaiting, onBatch } = options;
    this.#options = options;
    const run = (version: string, pictures: number, data: Float32Array<ArrayBuffer>): Promise<Float32Array> =>
      this.#ready().run({ version, shape: [pictures, ...shape], data });
    const gathers = (): boolean => this.#ready().blocks;
    this.#batcher = new Batcher(run, { maxBatch, maxWaiting, gathers }, onBatch);
  }

  /** Versions that answer. */
  get versions(): readonly string[] {
    return [...this.#loaded.keys()];
  }

  get waiting(): number {
    return this.#batcher.waiting;
  }

  /** @throws WorkspaceError or ThreadError DAMAGED_STORE, NOT_FOUND or REFUSED where it cannot be served */
  async load(call: LoadCall): Promise<Loaded> {
    const version = call.release ?? call.base;
    this.#leaving.delete(version);
    const loaded = await (this.#runner === undefined ? this.#first(call) : this.#runner.load(call));
    this.#loaded.set(version, call);
    if (loaded.unoptimized !== null) this.#options.onUnoptimized?.(version, loaded.unoptimized);
    return loaded;
  }

  /** Frees a version once nobody waits for its answer. */
  async retire(version: string): Promise<void> {
    this.#leaving.add(version);
    await this.#leave(version);
  }

  /** @throws StudioError BUSY; WorkspaceError or ThreadError NOT_FOUND where the version is not loaded */
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

  async close(): Promise<void> {
    this.#closed = true;
    await this.#choosing?.catch(() => {});
    await this.#runner?.close();
  }

  /** Chooses where the network runs by the first version; one that comes meanwhile waits for the choice. */
  async #first(call: LoadCall): Promise<Loaded> {
    if (this.#choosing !== undefined) {
      await this.#choosing.catch(() => {});
      return this.load(call);
    }
    this.#choosing = this.#choose(call);
    try {
      return await this.#choosing;
    } finally {
      this.#choosing = undefined;
    }
  }

  async #choose(call: LoadCall): Promise<Loaded> {
    const { store, device, threads, exact, shape, longestBlock } = this.#options;
    const { runner, loaded } = await chosenRunner({ store, device, threads, exact }, { call, shape, longestBlock });
    this.#runner = runner;
    return loaded;
  }

  #ready(): Runner {
    if (this.#runner !== undefined && !this.#closed) return this.#runner;
    throw new StudioError('UNAVAILABLE', this.#closed ? 'The server is stopping.' : 'Nothing is loaded yet.');
  }

  async #leave(version: string): Promise<void> {
    if (!this.#leaving.has(version) || (this.#asked.get(version) ?? 0) > 0) return;
    this.#leaving.delete(version);
    this.#asked.delete(version);
    this.#loaded.delete(version);
    await this.#runner?.unload(version).catch(() => {});
  }
}
