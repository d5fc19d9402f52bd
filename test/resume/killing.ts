/** Commands that are killed again and again, and what their run folders hold in the end. */
import { isUtf8 } from 'node:buffer';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stream } from 'editable';

const root = fileURLToPath(new URL('../..', import.meta.url));
const command = join(root, 'packages/cli/bin/editable.js');

/** The built command line is what runs. */
export function build(): void {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'packages/cli')]);
}

/** Runs a command; kills it after `milliseconds` if it still runs then. True if it came to its end. */
export function run(words: readonly string[], milliseconds = Number.POSITIVE_INFINITY): Promise<boolean> {
  const child = spawn(process.execPath, [command, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  const timer = Number.isFinite(milliseconds) ? setTimeout(() => child.kill('SIGKILL'), milliseconds) : undefined;
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (signal === null && code !== 0) reject(new Error(`${words[0]} ended with code ${code}`));
      else resolve(signal === null);
    });
  });
}

/**
 * Kills a command so many times, each at a random moment, then leaves it alone. A machine may be so fast that it ends
 * before: then its folder is as it was again, and the moments are sooner.
 */
export async function killedAndContinued(words: readonly string[], kills: number, out: string): Promise<void> {
  const before = `${out}-before`;
  mkdirSync(out, { recursive: true });
  cpSync(out, before, { recursive: true });
  for (let latest = 2500; !(await killed(words, kills, latest)); latest *= 0.8) {
    if (latest < 500) throw new Error(`${words[0]} ends too soon to be killed ${kills} times`);
    rmSync(out, { recursive: true });
    cpSync(before, out, { recursive: true });
  }
  await run(words);
}

/** Whether all kills came before its end. */
async function killed(words: readonly string[], kills: number, latest: number): Promise<boolean> {
  const random = stream(7, words[0] ?? '');
  for (let kill = 0; kill < kills; kill++) if (await run(words, random.uniform(400, latest))) return false;
  return true;
}

/** Every file's text, or its hash. */
export const contents = (run: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(run, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [
        join(entry.parentPath, entry.name).slice(run.length),
        readable(readFileSync(join(entry.parentPath, entry.name))),
      ]),
  );

/** The text, or what a difference can be told by without printing a megabyte of weights. */
const readable = (bytes: Buffer): string =>
  isUtf8(bytes)
    ? bytes.toString()
    : `${bytes.length} bytes, SHA-256 ${createHash('sha256').update(bytes).digest('hex')}`;
