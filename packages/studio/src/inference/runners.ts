/** Where the networks run: in the thread that answers HTTP, where that takes no time to speak of, or in one of their own. */
import { setImmediate as turn } from 'node:timers/promises';
import { CallingThread } from '../threads/calling-thread.js';
import type { InferenceData, LoadCall, Loaded, RunCall, RunResult } from './inference-calls.js';
import { ServingModels } from './serving-models.js';

export interface Runner {
  /** Requests that arrive together must be waited for: the run itself keeps others from arriving. */
  readonly blocks: boolean;
  load(call: LoadCall): Promise<Loaded>;
  unload(version: string): Promise<void>;
  /** [pictures, classes] */
  run(call: RunCall): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Spares a prediction the way to another thread and back; while it runs, nothing else is answered. */
export class OwnRunner implements Runner {
  readonly blocks = true;
  readonly #models: ServingModels;
  readonly #most: number;

  /** `most`: pictures that run at once; between such parts of a larger run others are answered. */
  constructor(data: InferenceData, most: number) {
    this.#models = new ServingModels(data);
    this.#most = most;
  }

  async load(call: LoadCall): Promise<Loaded> {
    return this.#models.load(call);
  }

  async unload(version: string): Promise<void> {
    this.#models.unload(version);
  }

  async run({ data, shape: [pictures, ...each], ...call }: RunCall): Promise<Float32Array> {
    const [size, parts] = [data.length / pictures, [] as Float32Array[]];
    for (let from = 0; from < pictures; from += this.#most) {
      if (from > 0) await turn();
      const to = Math.min(pictures, from + this.#most);
      parts.push(
        this.#models.run({ ...call, shape: [to - from, ...each], data: data.subarray(from * size, to * size) }),
      );
    }
    return joined(parts);
  }

  async close(): Promise<void> {
    this.#models[Symbol.dispose]();
  }
}

export class ThreadRunner implements Runner {
  readonly blocks = false;
  readonly #thread: CallingThread;

  constructor(data: InferenceData) {
    this.#thread = new CallingThread(new URL('./inference-worker.js', import.meta.url), data);
  }

  load(call: LoadCall): Promise<Loaded> {
    return this.#thread.call<Loaded>('load', call);
  }

  async unload(version: string): Promise<void> {
    await this.#thread.call('unload', { version });
  }

  async run(call: RunCall): Promise<Float32Array> {
    return (await this.#thread.call<RunResult>('run', call)).logits;
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}

export interface RunnerChoice {
  /** The first that is served, and is measured. */
  readonly call: LoadCall;
  /** Of the largest run. */
  readonly shape: RunCall['shape'];
  readonly apart: boolean;
  /** Milliseconds that the largest run may keep HTTP waiting; 0: always a thread of their own. */
  readonly longestBlock: number;
}

/** The runner that fits this network, with the first version loaded. @throws where it cannot be loaded */
export async function chosenRunner(
  data: InferenceData,
  { call, shape, apart, longestBlock }: RunnerChoice,
): Promise<{ readonly runner: Runner; readonly loaded: Loaded }> {
  if (longestBlock > 0) {
    const runner = new OwnRunner(data, shape[0]);
    const loaded = await runner.load(call).catch(async (error) => {
      await runner.close();
      throw error;
    });
    const version = loaded.version;
    const grey = (): RunCall => ({ version, shape, apart, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    if ((await shortestOf(() => runner.run(grey()))) <= longestBlock) return { runner, loaded };
    await runner.close();
  }
  const runner = new ThreadRunner(data);
  return { runner, loaded: await runner.load(call) };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const [first, ...more] = parts as readonly [Float32Array, ...Float32Array[]];
  if (more.length === 0) return first;
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Of two runs, in milliseconds: the first one also makes room and plans. */
async function shortestOf(run: () => Promise<unknown>): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let done = 0; done < 2; done++) {
    const started = performance.now();
    await run();
    shortest = Math.min(shortest, performance.now() - started);
  }
  return shortest;
}
