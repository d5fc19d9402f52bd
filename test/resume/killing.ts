/** Commands that are killed again and again, and what their run folders hold in the end. */
import { isUtf8 } from 'node:buffer';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
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

/** Killed so many times at a random moment, then left alone. How often it was. */
export async function killedAndContinued(words: readonly string[], kills: number): Promise<number> {
  const random = stream(7, words[0] ?? '');
  let killed = 0;
  while (killed < kills) {
    if (await run(words, random.uniform(400, 2500))) break;
    killed += 1;
  }
  await run(words);
  return killed;
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
