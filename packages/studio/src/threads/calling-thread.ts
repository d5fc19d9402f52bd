/** A thread that is called: one call after another, each with notes on its way and a result or an error at its end. */
import { Worker } from 'node:worker_threads';
import { StudioError } from '../errors.js';
import { type Call, type Reply, ThreadError } from './calls.js';

export interface CallOptions {
  /** What the call tells before its end. */
  readonly onNote?: ((note: unknown) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Pending {
  readonly onNote: ((note: unknown) => void) | undefined;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class CallingThread {
  readonly #file: URL;
  readonly #data: unknown;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #last = 0;
  #closed = false;

  /** `data`: what the thread is begun with. It begins with the first call, and again after it ended unasked. */
  constructor(file: URL, data: unknown) {
    this.#file = file;
    this.#data = data;
  }

  call<Result>(name: string, input: unknown, { onNote, signal }: CallOptions = {}): Promise<Result> {
    if (this.#closed) return Promise.reject(new StudioError('UNAVAILABLE', 'The server is stopping.'));
    this.#last += 1;
    const id = this.#last;
    const cancelled = new SharedArrayBuffer(4);
    const cancel = (): void => {
      Atomics.store(new Int32Array(cancelled), 0, 1);
    };
    if (signal?.aborted === true) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { onNote, resolve, reject });
      this.#started().postMessage({ id, name, input, cancelled } satisfies Call);
    }).finally(() => signal?.removeEventListener('abort', cancel)) as Promise<Result>;
  }

  /** Ends the thread, whatever it does: what it was asked fails. The next call begins another. */
  async restart(): Promise<void> {
    await this.#worker?.terminate();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#file, { workerData: this.#data });
    let failure: Error | undefined;
    worker.on('message', (reply: Reply) => this.#take(reply));
    worker.once('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#failAll(failure);
    });
    this.#worker = worker;
    return worker;
  }

  #take(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    if ('note' in reply) {
      pending.onNote?.(reply.note);
      return;
    }
    this.#pending.delete(reply.id);
    if ('error' in reply) pending.reject(new ThreadError(reply.error));
    else pending.resolve(reply.result);
  }

  #failAll(cause: Error | undefined): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    const why = cause === undefined ? 'was ended' : `ended: ${cause.message}`;
    for (const { reject } of all)
      reject(new StudioError('UNAVAILABLE', `The thread that worked on it ${why}.`, { cause }));
  }
}
