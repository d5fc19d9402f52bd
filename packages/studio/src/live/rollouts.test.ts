import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Store } from '@editable/workspace';
import { afterAll, describe, expect, it } from 'vitest';
import { Inference } from '../inference/inference.js';
import { LiveModel } from './live-model.js';
import { Records } from './records.js';
import { Rollouts } from './rollouts.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-rollouts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [base, release] = ['a'.repeat(64), 'b'.repeat(64)];

/** Rollouts on records of their own; what is served is said here, and nothing is loaded. */
function rollouts(name: string, served: string | null) {
  class Said extends LiveModel {
    override get served() {
      return { release: served, base, version: served ?? base, repairs: 1, since: '' };
    }
    override async hold(): Promise<void> {}
    override release(): Promise<boolean> {
      return Promise.resolve(true);
    }
  }
  const store = Store.create(join(folder, name));
  const inference = new Inference({
    store: store.folder,
    device: 'cpu',
    threads: 1,
    maxBatch: 1,
    maxWaiting: 1,
    exact: false,
    longestBlock: 0,
    shape: [1, 1, 1],
  });
  return new Rollouts(new Said(store, inference), new Records(store.folder));
}

describe('Rollouts', () => {
  it('asks for the way back once what is served fails too often, and once only', () => {
    const failing: string[] = [];
    const own = rollouts('failing', release);
    own.on('failing', ({ version }, because) => failing.push(`${version.slice(0, 2)}: ${because}`));
    for (let request = 0; request < 98; request++) own.countServed(release, false);
    own.countServed(release, true);
    expect(failing).toEqual([]);
    own.countServed(release, true);
    own.countServed(release, true);
    expect(failing).toEqual(['bb: it failed 2 of 100 requests']);
  });

  it('has no way back from the base', () => {
    const own = rollouts('base', null);
    own.on('failing', () => expect.unreachable());
    for (let request = 0; request < 200; request++) own.countServed(base, true);
  });

  it('keeps a rollout over a restart, takes an alarmed candidate back, and tells both', async () => {
    const own = rollouts('kept', null);
    const told: string[] = [];
    own.on('alarm', (text) => told.push(text));
    const candidate = { release, base, version: release };
    await own.start(candidate, { mode: 'canary', release, share: 1, alarm: { least: 2, differences: 0.4 } }, 'ann');
    own.count({ compared: 1, answered: 1 });
    own.close();
    const again = rollouts('kept', null);
    again.on('alarm', (text) => told.push(text));
    await again.resume(() => candidate);
    expect(again.forRequest('any')).toEqual({ mode: 'canary', candidate: release });
    again.count({ compared: 1, different: 1, answered: 1 });
    expect(told).toEqual([
      'The candidate bbbbbbbbbb was taken back: it said another class for 1 of 2 pictures, more than 40 %.',
    ]);
    expect(again.forRequest('any')).toBeUndefined();
    expect(again.document).toMatchObject({ answered: 2, compared: 2, ended: { by: 'editable serve' } });
  });
});
