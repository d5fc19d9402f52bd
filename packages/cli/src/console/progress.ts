/** Progress bars with the time left, on stderr; nothing at all where stderr is no terminal. */
import { type Options, SingleBar } from 'cli-progress';

export interface Progress {
  update(done: number, note?: string): void;
  stop(): void;
}

const silent: Progress = { update: () => {}, stop: () => {} };

// The cursor stays visible: a killed process could not bring it back.
const style: Options = {
  format: '{label} {bar} {value}/{total} · {eta_formatted} left{note}',
  barCompleteChar: '━',
  barIncompleteChar: '╌',
  barsize: 24,
  etaBuffer: 60,
  hideCursor: false,
  clearOnComplete: true,
  stopOnComplete: false,
  linewrap: false,
};

export function openProgress(label: string, total: number): Progress {
  if (!process.stderr.isTTY) return silent;
  const bar = new SingleBar({ ...style, stream: process.stderr });
  let started = false;
  return {
    update: (done, note = '') => {
      const payload = { label, note: note && ` · ${note}` };
      // Begun at the first sign of work: what a continued run has done already must not count as speed.
      if (!started) bar.start(total, done, payload);
      else bar.update(done, payload);
      started = true;
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
}
