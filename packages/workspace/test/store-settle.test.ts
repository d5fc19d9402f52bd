/** A store whose releases are settled, or solved in another metric: part of what they are a function of. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@editable/torch';
import { ControlImages, ControlLocality, firstStageOf, modelHash } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AddBaseOptions,
  activate,
  addBase,
  type Bench,
  loadRelease,
  makeRelease,
  moveTo,
  previewRelease,
  type ReleasedSet,
  Store,
  verifyStore,
} from '../src/index.js';
import { smallRun } from './small-run.js';
import { approved, mistakesOf, reopened, smallStore } from './small-store.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-store-settle-'));
afterAll(() => rmSync(folder, { recursive: true }));

let bench: Bench;
let plain: ReleasedSet;
const by = 'bob';
beforeAll(async () => {
  bench = smallStore(folder);
  for (const wish of mistakesOf(bench).slice(0, 4)) approved(bench, wish);
  plain = await makeRelease(bench, { by });
  activate(bench.store, plain.stored.id, { by, override: 'a test' });
});

/** The same store, told how its repairs are solved from now on. */
function solving(how: Partial<AddBaseOptions>): Bench {
  const { store } = bench;
  addBase(store, { ...bench.opened }, { by, controlImages: 200, ...how });
  return reopened(store);
}

/** L_loc of a release on the store's control images, in nats. */
function divergenceOf({ stored, release }: ReleasedSet): number {
  const { opened } = bench;
  const { normalization } = opened.run.config;
  const control = new ControlImages(opened.dataset.split('train'), { normalization, device: 'cpu', images: 200 });
  const from = firstStageOf(opened.model, release.changed);
  const batches = control.batches(opened.model, from);
  using locality = new ControlLocality(opened.model, batches, { names: release.changed });
  const { parameters } = loadRelease(bench, stored.id).model;
  return locality.divergence(
    release.changed.map((name) => parameters.get(name) as Tensor),
    0,
  );
}

describe('a store that settles', () => {
  it('solves the same set anew, with less harm and every repair in force; what was released stays', async () => {
    const settling = solving({ settle: 16 });
    const settled = await makeRelease(settling, { by });
    expect(settled.stored.id).not.toBe(plain.stored.id);
    expect(settled.release).toMatchObject({ repairs: plain.release.repairs, solver: { settle: 16 } });
    expect(settled.release.effect.repairs.every(({ holds }) => holds)).toBe(true);
    expect(divergenceOf(settled)).toBeLessThan(divergenceOf(plain) * 0.8);
    expect(modelHash(loadRelease(bench, plain.stored.id).model)).toBe(plain.release.result);
    activate(bench.store, settled.stored.id, { by, override: 'a test' });
    await expect(makeRelease(settling, { by })).rejects.toThrow('is active and holds exactly the repairs');
    expect(verifyStore(bench.store)).toMatchObject({ ok: true, problems: [] });
  });

  it('gives the same bits again', async () => {
    const again = await Promise.all([1, 2].map(() => previewRelease(solving({ settle: 3 }), repairs())));
    expect(again[0]?.result).toBe(again[1]?.result);
  });

  it.each(['ekfac', 'combined'] as const)('solves in the metric %s', async (metric) => {
    const found = await previewRelease(solving({ metric }), repairs());
    expect(found.solver).toMatchObject({ metric });
    expect(found.effect.repairs.every(({ holds }) => holds)).toBe(true);
    expect(found.result).not.toBe(plain.release.result);
  });

  it('is told so of its base once, and needs nothing more for that', () => {
    const entries = (): number => bench.store.entries.length;
    solving({ settle: 16 });
    const before = entries();
    solving({ settle: 16 });
    expect(entries()).toBe(before);
    expect(solving({ settle: 0, metric: 'kronecker' }).base.solver).toEqual(plain.release.solver);
  });

  it('goes on so on a retrained network, unless told otherwise', async () => {
    solving({ settle: 2 });
    const { store } = bench;
    const retrained = smallRun(join(folder, 'retrained'), { steps: 60 });
    const move = (how: Partial<AddBaseOptions> = {}) =>
      moveTo(store, retrained, { by, controlImages: 200, ...how }, () => Promise.resolve(reopened(store)));
    expect((await move()).released.release.solver.settle).toBe(2);
    expect((await move({ settle: 0 })).released.release.solver.settle).toBeUndefined();
  });

  it('refuses control images of another run', () => {
    const own = Store.create(join(folder, 'other'));
    const opened = smallRun(join(folder, 'other-run'));
    addBase(own, opened, { by, controlImages: 200, settle: 2 });
    const { base } = own;
    const mistold = { ...base, solver: { ...base.solver, controlImages: 100 } };
    expect(() => reopened(own, mistold)).toThrow('expected the control images that the store was made with');
  });
});

const repairs = () => plain.release.repairs.map((id) => bench.store.repair(id));
