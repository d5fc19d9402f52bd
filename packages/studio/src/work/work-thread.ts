/** A work thread as the server calls it, with the types of each call. */
import { CallingThread } from '../threads/calling-thread.js';
import type { WorkCalls, WorkData, WorkName, WorkNote } from './work-calls.js';

export interface WorkOptions {
  readonly onNote?: ((note: WorkNote) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class WorkThread {
  readonly #thread: CallingThread;

  constructor(data: WorkData) {
    this.#thread = new CallingThread(new URL('./work-worker.js', import.meta.url), data);
  }

  call<Name extends WorkName>(
    name: Name,
    input: WorkCalls[Name]['input'],
    { onNote, signal }: WorkOptions = {},
  ): Promise<WorkCalls[Name]['result']> {
    return this.#thread.call(name, input, { signal, onNote: (note) => onNote?.(note as WorkNote) });
  }

  /** Ends what it does at once; what it had written is whole. */
  restart(): Promise<void> {
    return this.#thread.restart();
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
