/** One job of the server, from the request to its result, with what it tells in between. */
import type {
  JobDocument,
  JobKind,
  JobProgress,
  JobResults,
  JobStreamEvent,
  PreviewDocument,
} from '@editable/studio/api';
import { useCallback, useEffect, useRef, useState } from 'react';
import { RefusedError } from '../errors.js';
import { addressOf, call } from './call.js';
import { eventsAt } from './events.js';

export interface JobRun<Kind extends JobKind> {
  readonly running: boolean;
  readonly progress: JobProgress | null;
  /** The last thing it said for people. */
  readonly remark: string | null;
  /** The latest of a preview, final or not. */
  readonly preview: PreviewDocument | null;
  readonly result: JobResults[Kind] | null;
  readonly error: Error | null;
}

export interface Job<Kind extends JobKind> extends JobRun<Kind> {
  /** Asks for a job and follows it; what went before is let go. Its result; null where it was cancelled or refused. */
  readonly start: (request: () => Promise<JobDocument>) => Promise<JobResults[Kind] | null>;
  readonly cancel: () => void;
  readonly clear: () => void;
}

const idle = { running: false, progress: null, remark: null, preview: null, result: null, error: null } as const;

/** `abandon`: the job is cancelled when its page is left. */
export function useJob<Kind extends JobKind>(_kind: Kind, { abandon = false } = {}): Job<Kind> {
  const [run, setRun] = useState<JobRun<Kind>>(idle);
  const current = useRef<{ readonly ending: AbortController; id: string | null } | null>(null);

  const leave = useCallback((cancelled: boolean): void => {
    const { ending, id } = current.current ?? {};
    current.current = null;
    ending?.abort();
    if (cancelled && id != null) void call('cancelJob', { params: { id } }).catch(() => undefined);
  }, []);

  useEffect(() => () => leave(abandon), [leave, abandon]);

  const start = useCallback(
    async (request: () => Promise<JobDocument>): Promise<JobResults[Kind] | null> => {
      leave(abandon);
      const mine = { ending: new AbortController(), id: null as string | null };
      current.current = mine;
      const update = (change: Partial<JobRun<Kind>>): void => {
        if (current.current === mine) setRun((before) => ({ ...before, ...change }));
      };
      setRun({ ...idle, running: true });
      try {
        const { id } = await request();
        mine.id = id;
        const result = await followed<Kind>(id, mine.ending.signal, update);
        update({ running: false, result });
        if (current.current === mine) mine.id = null;
        return result;
      } catch (error) {
        update({ running: false, error: error as Error });
        return null;
      }
    },
    [leave, abandon],
  );

  const cancel = useCallback((): void => {
    leave(true);
    setRun((before) => ({ ...before, running: false }));
  }, [leave]);

  const clear = useCallback((): void => {
    leave(abandon);
    setRun(idle);
  }, [leave, abandon]);

  return { ...run, start, cancel, clear };
}

async function followed<Kind extends JobKind>(
  id: string,
  signal: AbortSignal,
  update: (change: Partial<JobRun<Kind>>) => void,
): Promise<JobResults[Kind] | null> {
  for await (const { event, data } of eventsAt<JobStreamEvent>(addressOf('jobEvents', { params: { id } }), signal)) {
    if (event === 'progress') update({ progress: data });
    else if (event === 'remark') update({ remark: data.text });
    else if (event === 'preview') update({ preview: data });
    else if (event === 'end') return resultOf<Kind>(data, update);
  }
  // The connection ended before the job did: its document has the rest.
  return resultOf<Kind>(await call('job', { params: { id } }, signal), update);
}

function resultOf<Kind extends JobKind>(
  job: JobDocument,
  update: (change: Partial<JobRun<Kind>>) => void,
): JobResults[Kind] | null {
  if (job.error !== null) throw new RefusedError(job.error.code, job.error.message);
  if (job.kind === 'preview' && job.result !== null) update({ preview: job.result });
  return job.result as JobResults[Kind] | null;
}
