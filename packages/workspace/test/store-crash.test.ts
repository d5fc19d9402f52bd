/** A store under processes that are killed at any moment, and under two that write at once. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { labelBytes, type SplitName, stream } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Store, verifyStore } from '../src/index.js';
import { stripesDataset } from './small-run.js';
import { smallStore } from './small-store.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const worker = fileURLToPath(new URL('./store-worker.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'editable-crash-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** So many times a process is killed; EDITABLE_KILLS asks for more. */
const kills = Number(process.env.EDITABLE_KILLS ?? 6);

beforeAll(() => {
  // The workers run what is built.
  execFileSync(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-b',
    join(root, 'packages/workspace'),
  ]);
  for (const which of ['train', 'test'] satisfies SplitName[]) {
    const split = stripesDataset.split(which);
    const images = Array.from({ length: split.length }, (_, i) => split.image(i));
    writeFileSync(join(folder, `${which}.pixels`), Buffer.concat(images));
    writeFileSync(join(folder, `${which}.labels`), labelBytes(split.labels));
  }
});

interface Worked {
  /** Entries of its own that it was told are kept. */
  readonly acknowledged: number;
  readonly errors: string;
  readonly code: number | null;
}

function work(
  store: string,
  name: string,
  { seed, changes }: { readonly seed: number; readonly changes: number },
): {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<Worked>;
} {
  const child = spawn(process.execPath, [worker, store, folder, name, String(seed), String(changes)], {
    stdio: 'pipe',
  });
  let [out, errors] = ['', ''];
  child.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const ready = new Promise<void>((resolve) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      out += chunk;
      resolve();
    });
    child.once('close', () => resolve());
  });
  const ended = new Promise<Worked>((resolve) => {
    child.once('close', (code) => {
      // A line cut short was not said.
      const lines = out.split('\n').slice(0, -1);
      resolve({ acknowledged: Number(lines.at(-1) === 'ready' ? 0 : (lines.at(-1) ?? 0)), errors, code });
    });
  });
  return { child, ready, ended };
}

const entriesOf = (store: Store, name: string): number =>
  store.entries.filter(({ by }) => by === name || by === `${name} second`).length;

describe('a store', () => {
  it(
    `holds all that was acknowledged after ${kills} processes were killed at random moments`,
    async () => {
      const { store } = smallStore(join(folder, 'killed'));
      const random = stream(Number(process.env.EDITABLE_KILL_SEED ?? 0), 'kills');
      let acknowledged = 0;
      for (let kill = 0; kill < kills; kill++) {
        const name = `worker ${kill}`;
        const { child, ready, ended } = work(store.folder, name, { seed: kill, changes: 1000 });
        await ready;
        await new Promise((resolve) => setTimeout(resolve, random.int(600)));
        child.kill('SIGKILL');
        const worked = await ended;
        expect(worked.errors).toBe('');
        using again = Store.open(store.folder);
        const verified = verifyStore(again);
        expect(verified.problems).toEqual([]);
        expect(entriesOf(again, name)).toBeGreaterThanOrEqual(worked.acknowledged);
        acknowledged += worked.acknowledged;
      }
      expect(acknowledged).toBeGreaterThan(0);
    },
    Math.max(120_000, kills * 10_000),
  );

  it('keeps what two processes write at once: both, or one is refused with a sentence', async () => {
    const { store } = smallStore(join(folder, 'two'));
    const both = [
      work(store.folder, 'left', { seed: 1, changes: 15 }),
      work(store.folder, 'right', { seed: 2, changes: 15 }),
    ];
    const [left, right] = await Promise.all(both.map(({ ended }) => ended));
    expect([left, right]).toMatchObject([
      { code: 0, errors: '' },
      { code: 0, errors: '' },
    ]);
    expect(entriesOf(store, 'left')).toBe(left!.acknowledged);
    expect(entriesOf(store, 'right')).toBe(right!.acknowledged);
    expect(verifyStore(store)).toMatchObject({ ok: true, entries: 1 + left!.acknowledged + right!.acknowledged });
  });
});
