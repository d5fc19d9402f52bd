/** kill -9 at ten random moments of a training and of an evaluation; continued, both equal an uninterrupted one's. */
import { isUtf8 } from 'node:buffer';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stream } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const command = join(root, 'packages/cli/bin/editable.js');
const folder = mkdtempSync(join(tmpdir(), 'editable-kill-'));
const kills = 10;
const hasData = existsSync('/usr/share/datasets/fashion-mnist') || process.env.EDITABLE_DATA !== undefined;

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'packages/cli')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command; kills it after `milliseconds` if it still runs then. True if it came to its end. */
function run(words: readonly string[], milliseconds = Number.POSITIVE_INFINITY): Promise<boolean> {
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

/** Ten times killed at a random moment, then left alone. */
async function killedAndContinued(words: readonly string[]): Promise<number> {
  const random = stream(7, words[0] ?? '');
  let killed = 0;
  while (killed < kills) {
    if (await run(words, random.uniform(400, 2500))) break;
    killed += 1;
  }
  await run(words);
  return killed;
}

const contents = (run: string): Record<string, string> =>
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

/** An evaluation says how long it took; everything else is a function of its settings. */
const withoutTimes = (files: Record<string, string>, run: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      text.replace(/"seconds": [\d.e-]+/g, '"seconds": 0').replaceAll(run, 'RUN'),
    ]),
  );

describe.skipIf(!hasData)('kill -9', () => {
  const [whole, broken] = [join(folder, 'whole'), join(folder, 'broken')];
  const train = (out: string): string[] => [
    ...[
      'train',
      '--objective',
      'editable',
      '--width',
      '2',
      '--train-images',
      '1600',
      '--batch-size',
      '32',
      '--epochs',
      '2',
    ],
    ...['--learning-rate', '0.003', '--checkpoint-every', '3', '--out', out],
  ];
  const evaluate = (out: string): string[] => [
    ...[
      'evaluate',
      out,
      '--edits',
      '120',
      '--test-images',
      '2000',
      '--editor',
      'gd',
      '--learning-rate',
      '0.3',
      '--layers',
      'all',
    ],
  ];

  it('at ten moments of train: the same model and metrics, bit for bit', { timeout: 400_000 }, async () => {
    await run(train(whole));
    expect(await killedAndContinued(train(broken))).toBe(kills);
    expect(contents(broken)).toEqual(contents(whole));
    expect(Object.keys(contents(whole)).sort()).toEqual([
      '/config.json',
      '/editor.json',
      '/metrics.jsonl',
      '/model.safetensors',
    ]);
  });

  it('at ten moments of evaluate: the same records and results', { timeout: 400_000 }, async () => {
    await run(evaluate(whole));
    expect(await killedAndContinued(evaluate(broken))).toBe(kills);
    expect(withoutTimes(contents(broken), broken)).toEqual(withoutTimes(contents(whole), whole));
  });
});
