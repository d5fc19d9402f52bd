/**
 * Worker threads that read photographs. They go on while this thread is busy: a training step holds it for as long as the
 * network computes, and with libvips' own threads alone nothing would be read meanwhile, as their results are scaled here.
 */
import { availableParallelism } from 'node:os';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { EditableError } from '../errors.js';
import type { PhotographAnswer, PhotographResult, PhotographWork, WantedCrops } from './photograph-work.js';

export interface ReadPhotographs {
  readonly crops: WantedCrops;
  readonly hash?: boolean;
}

/** More than eight read faster than any network here trains. */
const usualCount = Math.min(availableParallelism(), 8);
/** A photograph of the largest size takes some seconds. */
const longestWait = 120_000;

const pools = new Map<number, PhotographWorkers>();

/** One set of threads for the whole process, however many folders are open. @throws EditableError INVALID_ARGUMENT */
export function photographWorkers(count: number = usualCount): PhotographWorkers {
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw new EditableError('INVALID_ARGUMENT', `workers: expected a whole number from 1 to 256, received ${count}.`);
  }
  const workers = pools.get(count) ?? new PhotographWorkers(count);
  pools.set(count, workers);
  return workers;
}

interface Pending {
  readonly results: PhotographResult[];
  /** Threads that have not answered. */
  missing: number;
  failure?: string | undefined;
  resolve(results: readonly PhotographResult[]): void;
  reject(cause: Error): void;
}

export class PhotographWorkers {
  readonly #count: number;
  readonly #pending = new Map<number, Pending>();
  #threads: readonly Worker[] = [];
  #last = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** What came of each photograph, in the order of `paths`; the same for any number of threads. */
  read(paths: readonly string[], options: ReadPhotographs): Promise<readonly PhotographResult[]> {
    if (paths.length === 0) return Promise.resolve([]);
    const work = this.#work(paths, options);
    const threads = this.#started();
    return new Promise((resolve, reject) => {
      this.#pending.set(work.id, { results: [], missing: threads.length, resolve, reject });
      for (const thread of threads) {
        // A process waits for what it has asked for, and for nothing else.
        thread.ref();
        thread.postMessage(work);
      }
    });
  }

  /** The same of one photograph, while this thread waits. */
  readNow(path: string, options: ReadPhotographs): PhotographResult {
    const { port1, port2 } = new MessageChannel();
    const done = new Int32Array(new SharedArrayBuffer(4));
    const work: PhotographWork = { ...this.#work([path], options), waiting: { port: port2, done } };
    (this.#started()[0] as Worker).postMessage(work, [port2]);
    const inTime = Atomics.wait(done, 0, 0, longestWait) !== 'timed-out';
    const received = receiveMessageOnPort(port1) as { readonly message: PhotographAnswer } | undefined;
    port1.close();
    const { results: [result] = [], failure } = received?.message ?? {};
    if (failure !== undefined) throw new Error(failure);
    if (inTime && result !== undefined) return result;
    throw new EditableError(
      'INVALID_FILE',
      `Reading ${path} took longer than ${longestWait / 1000} s; the reader was given up.`,
    );
  }

  #work(paths: readonly string[], { crops, hash = false }: ReadPhotographs): PhotographWork {
    this.#last += 1;
    return { id: this.#last, paths, crops, hash, next: new Int32Array(new SharedArrayBuffer(4)) };
  }

  #started(): readonly Worker[] {
    if (this.#threads.length > 0) return this.#threads;
    this.#threads = Array.from({ length: this.#count }, () => {
      const thread = new Worker(new URL('./photograph-worker.js', import.meta.url));
      thread.unref();
      thread.on('message', (answer: PhotographAnswer) => this.#take(answer));
      thread.on('error', (cause) => this.#fail(cause));
      return thread;
    });
    return this.#threads;
  }

  #take({ id, results, failure }: PhotographAnswer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    for (const result of results) pending.results[result.position] = result;
    pending.failure ??= failure;
    pending.missing -= 1;
    if (pending.missing > 0) return;
    this.#pending.delete(id);
    if (this.#pending.size === 0) for (const thread of this.#threads) thread.unref();
    if (pending.failure === undefined) pending.resolve(pending.results);
    else pending.reject(new Error(pending.failure));
  }

  /** A thread that ended takes its part of the work with it: all begin anew with what is asked next. */
  #fail(cause: Error): void {
    for (const thread of this.#threads) void thread.terminate();
    this.#threads = [];
    for (const { reject } of this.#pending.values()) reject(cause);
    this.#pending.clear();
  }
}
