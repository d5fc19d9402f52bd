/** Jobs in the order in which they were asked for, one at a time in a thread of their own; their events are kept for latecomers. */
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { JobEvent } from '@editable/workspace';
import type {
  JobDocument,
  JobKind,
  JobProgress,
  JobResults,
  JobState,
  JobStreamEvent,
  JobSummary,
} from '../api/jobs.js';
import type { PreviewDocument } from '../api/mistakes.js';
import { notFound, StudioError } from '../errors.js';
import { plainError } from '../threads/calls.js';
import type { WorkNote } from './work-calls.js';
import type { WorkOptions, WorkThread } from './work-thread.js';

/** What a job does: calls its thread and makes the result's document. */
export type JobWork<Kind extends JobKind> = (thread: WorkThread, options: WorkOptions) => Promise<JobResults[Kind]>;

interface Job {
  readonly id: string;
  readonly kind: JobKind;
  readonly by: string;
  readonly created: string;
  readonly work: JobWork<JobKind>;
  readonly controller: AbortController;
  readonly events: EventEmitter;
  state: JobState;
  started: string | null;
  ended: string | null;
  progress: JobProgress | null;
  preview: PreviewDocument | null;
  error: { readonly code: string; readonly message: string } | null;
  result: JobResults[JobKind] | null;
}

export interface JobsOptions {
  /** Ended jobs that are remembered. */
  readonly remembered?: number;
  /** Jobs that may wait. */
  readonly maxWaiting?: number;
  /** After so many milliseconds a cancelled job's thread is ended. */
  readonly patience?: number;
  readonly onChange?: (job: JobSummary) => void;
}

export class Jobs {
  readonly #thread: WorkThread;
  readonly #options: Required<JobsOptions>;
  readonly #jobs = new Map<string, Job>();
  #running: Job | undefined;

  constructor(
    thread: WorkThread,
    { remembered = 100, maxWaiting = 50, patience = 10_000, onChange = () => {} }: JobsOptions = {},
  ) {
    this.#thread = thread;
    this.#options = { remembered, maxWaiting, patience, onChange };
  }

  /** @throws StudioError BUSY where too many wait */
  begin<Kind extends JobKind>(kind: Kind, by: string, work: JobWork<Kind>): JobDocument {
    const waiting = [...this.#jobs.values()].filter(({ state }) => state === 'waiting').length;
    if (waiting >= this.#options.maxWaiting)
      throw new StudioError('BUSY', `${waiting} jobs wait already; cancel some, or try again later.`);
    const job: Job = {
      id: randomUUID(),
      kind,
      by,
      created: new Date().toISOString(),
      work,
      controller: new AbortController(),
      events: new EventEmitter().setMaxListeners(0),
      state: 'waiting',
      started: null,
      ended: null,
      progress: null,
      preview: null,
      error: null,
      result: null,
    };
    this.#jobs.set(job.id, job);
    this.#options.onChange(summaryOf(job));
    void this.#next();
    return documentOf(job);
  }

  /** The newest first. */
  get list(): readonly JobSummary[] {
    return [...this.#jobs.values()].reverse().map(summaryOf);
  }

  /** @throws StudioError NOT_FOUND */
  get(id: string): JobDocument {
    return documentOf(this.#named(id));
  }

  /** Ends a job between two steps. */
  cancel(id: string): JobSummary {
    const job = this.#named(id);
    job.controller.abort();
    if (job.state === 'waiting')
      this.#end(job, { error: new StudioError('CANCELLED', 'The job was cancelled before it began.') });
    else if (job.state === 'running') {
      const insist = setTimeout(() => {
        if (job.state === 'running') void this.#thread.restart();
      }, this.#options.patience);
      job.events.once('end', () => clearTimeout(insist));
    }
    return summaryOf(job);
  }

  /** What a listener sees: the latest first, then everything; `end` is the last. Returns what stops it. */
  follow(id: string, listener: (event: JobStreamEvent) => void): () => void {
    const job = this.#named(id);
    listener({ event: 'state', data: summaryOf(job) });
    if (job.progress !== null) listener({ event: 'progress', data: job.progress });
    if (job.preview !== null) listener({ event: 'preview', data: job.preview });
    if (job.ended !== null) {
      listener({ event: 'end', data: documentOf(job) });
      return () => {};
    }
    job.events.on('event', listener);
    return () => job.events.off('event', listener);
  }

  /** Asks every job to end. */
  cancelAll(): void {
    for (const job of this.#jobs.values()) if (job.ended === null) this.cancel(job.id);
  }

  #named(id: string): Job {
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    throw notFound(`expected a job of this server, received "${id}"; jobs are forgotten when the server stops.`);
  }

  async #next(): Promise<void> {
    if (this.#running !== undefined) return;
    const job = [...this.#jobs.values()].find(({ state }) => state === 'waiting');
    if (job === undefined) return;
    this.#running = job;
    job.state = 'running';
    job.started = new Date().toISOString();
    this.#tell(job, { event: 'state', data: summaryOf(job) });
    try {
      const onNote = (note: WorkNote): void => this.#take(job, note);
      this.#end(job, { result: await job.work(this.#thread, { onNote, signal: job.controller.signal }) });
    } catch (error) {
      this.#end(job, { error });
    } finally {
      this.#running = undefined;
      void this.#next();
    }
  }

  #take(job: Job, note: WorkNote): void {
    if (note.kind === 'preview') {
      job.preview = note.preview;
      this.#tell(job, { event: 'preview', data: note.preview });
      return;
    }
    const { event } = note;
    if ('total' in event) {
      job.progress = { what: event.kind, done: event.done, total: event.total };
      this.#tell(job, { event: 'progress', data: job.progress });
    } else this.#tell(job, { event: 'remark', data: { text: remarkOf(event) } });
  }

  #end(job: Job, outcome: { readonly result: JobResults[JobKind] } | { readonly error: unknown }): void {
    if (job.ended !== null) return;
    job.ended = new Date().toISOString();
    if ('result' in outcome) {
      job.state = 'done';
      job.result = outcome.result;
    } else {
      const { code, message } = plainError(outcome.error);
      const cancelled = job.controller.signal.aborted;
      job.state = cancelled ? 'cancelled' : 'failed';
      job.error = cancelled
        ? { code: 'CANCELLED', message: 'The job was cancelled; what it had written is whole.' }
        : { code, message };
    }
    this.#tell(job, { event: 'end', data: documentOf(job) });
    job.events.emit('end');
    this.#forget();
  }

  #tell(job: Job, event: JobStreamEvent): void {
    job.events.emit('event', event);
    if (event.event === 'state' || event.event === 'end') this.#options.onChange(summaryOf(job));
  }

  #forget(): void {
    const ended = [...this.#jobs.values()].filter((job) => job.ended !== null);
    for (const { id } of ended.slice(0, Math.max(0, ended.length - this.#options.remembered))) this.#jobs.delete(id);
  }
}

type Remark = Exclude<JobEvent, { readonly total: number }>;

const remarkOf = (event: Remark): string =>
  event.kind === 'skipped' ? `Skipped ${event.photographs.length} photographs that cannot be read.` : event.kind;

const summaryOf = ({ id, kind, state, by, created, started, ended, progress, error }: Job): JobSummary => ({
  id,
  kind,
  state,
  by,
  created,
  started,
  ended,
  progress,
  error,
});

const documentOf = (job: Job): JobDocument => ({ ...summaryOf(job), result: job.result }) as JobDocument;
