/** Processes of one command: rank 0 speaks as if it were alone, and where one fails the others end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../bin/editable.js', import.meta.url));

/** Seconds in which the others find out by themselves and say whom they miss; then they are told to end, then ended. */
const patience = { toEnd: 10, afterTerm: 5 } as const;

interface Ended {
  readonly rank: string;
  readonly pid: number | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Waits for all. Nothing where all came to their end, else a sentence about the first that did not. */
export async function watchChildren(
  words: readonly string[],
  environments: readonly NodeJS.ProcessEnv[],
): Promise<string | undefined> {
  const children = environments.map((env) => begin(words, env));
  const endings = children.map((child, i) => ending(child, environments[i]?.RANK ?? String(i)));
  const stop = (signal: NodeJS.Signals): void => {
    for (const child of children) child.kill(signal);
  };
  const forward = (signal: NodeJS.Signals): void => stop(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  try {
    const first = await Promise.race([Promise.all(endings).then(() => undefined), firstFailure(endings)]);
    if (first !== undefined) await endOthers(endings, stop);
    const failed = first ?? (await Promise.all(endings)).find((each) => !succeeded(each));
    return failed && sentenceOf(failed, children.length);
  } finally {
    process.off('SIGINT', forward).off('SIGTERM', forward);
  }
}

function begin(words: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const speaks = env.RANK === '0' || env.LOCAL_RANK === '0';
  // Standard input stays open for as long as this process lives: the children end with it (see endWithParent).
  const output = speaks ? 'inherit' : 'pipe';
  const child = spawn(process.execPath, [command, ...words], {
    env: { ...env, EDITABLE_END_WITH_STDIN: '1' },
    stdio: ['pipe', output, output],
  });
  child.stdin?.on('error', () => {});
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) prefix(stream, env.RANK ?? '');
  return child;
}

function prefix(stream: Readable, rank: string): void {
  createInterface({ input: stream }).on('line', (line) => process.stderr.write(`[rank ${rank}] ${line}\n`));
}

const ending = (child: ChildProcess, rank: string): Promise<Ended> =>
  new Promise((resolve) => {
    child.once('error', () => resolve({ rank, pid: child.pid, code: 1, signal: null }));
    child.once('close', (code, signal) => resolve({ rank, pid: child.pid, code, signal }));
  });

const succeeded = ({ code }: Ended): boolean => code === 0;

/** Never settles where none fails. */
const firstFailure = (endings: readonly Promise<Ended>[]): Promise<Ended> =>
  new Promise((resolve) => {
    for (const each of endings) void each.then((ended) => succeeded(ended) || resolve(ended));
  });

async function endOthers(endings: readonly Promise<Ended>[], stop: (signal: NodeJS.Signals) => void): Promise<void> {
  const all = Promise.all(endings);
  const within = (seconds: number): Promise<boolean> =>
    Promise.race([all.then(() => true), sleep(1000 * seconds, false, { ref: false })]);
  if (await within(patience.toEnd)) return;
  stop('SIGTERM');
  if (await within(patience.afterTerm)) return;
  stop('SIGKILL');
  await all;
}

function sentenceOf({ rank, pid, code, signal }: Ended, count: number): string {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  const rest =
    count > 1 ? ` The other ${count - 1 === 1 ? 'process has' : `${count - 1} processes have`} ended, too.` : '';
  return `rank ${rank} (process ${pid ?? '?'}) ${how}; the same command continues.${rest}`;
}
