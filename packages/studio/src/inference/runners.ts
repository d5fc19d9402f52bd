/** Where the networks run: in a thread of their own, and a quick one's lone pictures in the thread that answers HTTP. */
import { CallingThread } from '../threads/calling-thread.js';
import type { InferenceData, LoadCall, Loaded, RunCall, RunResult } from './inference-calls.js';
import { ServingModels } from './serving-models.js';

export interface Runner {
  /** A run may keep HTTP waiting. */
  readonly blocks: boolean;
  load(call: LoadCall): Promise<Loaded>;
  unload(version: string): Promise<void>;
  /** [pictures, classes] */
  run(call: RunCall): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Everything else is answered while it runs. */
class ThreadRunner implements Runner {
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

/** Spares a lone picture the way to the other thread and back, which takes as long as a small network; holds each network twice. */
class QuickRunner implements Runner {
  readonly blocks = true;
  readonly #here: ServingModels;
  readonly #thread: ThreadRunner;

  constructor(here: ServingModels, thread: ThreadRunner) {
    this.#here = here;
    this.#thread = thread;
  }

  async load(call: LoadCall): Promise<Loaded> {
    const loaded = await this.#thread.load(call);
    try {
      this.#here.load(call);
    } catch (error) {
      await this.#thread.unload(loaded.version);
      throw error;
    }
    return loaded;
  }

  async unload(version: string): Promise<void> {
    this.#here.unload(version);
    await this.#thread.unload(version);
  }

  async run(call: RunCall): Promise<Float32Array> {
    return call.shape[0] === 1 ? this.#here.run(call) : this.#thread.run(call);
  }

  async close(): Promise<void> {
    this.#here[Symbol.dispose]();
    await this.#thread.close();
  }
}

export interface RunnerChoice {
  /** The first that is served, and is measured. */
  readonly call: LoadCall;
  /** Of a picture: [C, H, W]. */
  readonly shape: readonly [number, number, number];
  /** Milliseconds that a lone picture may keep HTTP waiting; 0: none does. */
  readonly longestBlock: number;
}

/** The runner that fits this network, with the first version loaded. @throws where it cannot be loaded */
export async function chosenRunner(
  data: InferenceData,
  { call, shape, longestBlock }: RunnerChoice,
): Promise<{ readonly runner: Runner; readonly loaded: Loaded }> {
  const thread = new ThreadRunner(data);
  try {
    const loaded = await thread.load(call);
    const here = longestBlock > 0 ? quickModels(data, { call, shape, longestBlock }) : undefined;
    return { runner: here === undefined ? thread : new QuickRunner(here, thread), loaded };
  } catch (error) {
    await thread.close();
    throw error;
  }
}

/** The network in this thread, where it is quick enough. */
function quickModels(data: InferenceData, { call, shape, longestBlock }: RunnerChoice): ServingModels | undefined {
  const models = new ServingModels(data);
  const { version } = models.load(call);
  const grey = new Float32Array(shape.reduce((product, side) => product * side, 1));
  let shortest = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < tries; tried++) {
    const started = performance.now();
    models.run({ version, shape: [1, ...shape], data: grey });
    shortest = Math.min(shortest, performance.now() - started);
  }
  if (shortest <= longestBlock) return models;
  models[Symbol.dispose]();
  return undefined;
}

/** The first run also makes room and plans. */
const tries = 3;
