/** A repair's way through the store: proposed, approved, released, served, undone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classesOf, modelHash } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  activate,
  approve,
  type Bench,
  loadRelease,
  makeRelease,
  makeStore,
  previewRelease,
  propose,
  type ReleasedSet,
  retire,
  rollBack,
  Store,
  type StoredRepair,
  servedRepairs,
  testPicture,
} from '../src/index.js';
import { batchOf } from '../src/store/solve-set.js';
import { smallRun } from './small-run.js';
import { approved, mistakesOf, proposed, reopened, smallStore } from './small-store.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let bench: Bench;
let wishes: ReturnType<typeof mistakesOf>;
beforeAll(() => {
  bench = smallStore(folder);
  wishes = mistakesOf(bench);
  expect(wishes.length).toBeGreaterThan(20);
});

const answerOf = (index: number): number => {
  const { model } = loadRelease(bench, bench.store.state.active);
  return classesOf(model, batchOf(bench.opened, [bench.opened.dataset.split('test').image(index)]))[0]!;
};

describe('a repair', () => {
  let repair: StoredRepair;
  let first: ReleasedSet;

  it('is proposed with its evidence', () => {
    const { index, target } = wishes[0]!;
    repair = proposed(bench, { index, target, views: 4 });
    expect(repair).toMatchObject({
      wish: { target, views: 4, margin: 0 },
      source: { index, file: null, targetName: bench.opened.run.config.classes[target] },
      proposed: { by: 'ann', why: 'a customer complained' },
      approved: null,
      retired: null,
    });
    expect(repair.source.predicted.label).not.toBe(target);
    expect(bench.store.statusOf(repair)).toBe('proposed');
    expect(() => proposed(bench, { index, target, views: 4 })).toThrow(/is proposed already: ann proposed it on/);
  });

  it('is approved by a second person, with a reason', () => {
    const { store } = bench;
    expect(() => approve(store, repair.id, { by: ' Ann', why: 'mine' })).toThrow(
      'was proposed by ann; a second person has to approve it.',
    );
    expect(() => approve(store, repair.id, { by: 'bob', why: ' ' })).toThrow('why: expected a reason');
    const { approved: deed } = approve(store, repair.id.slice(0, 8), { by: 'bob', why: 'the label is right' });
    expect(deed).toMatchObject({ by: 'bob', why: 'the label is right' });
    expect(() => approve(store, repair.id, { by: 'carl', why: 'too' })).toThrow(
      'is approved; only a proposed repair is approved.',
    );
  });

  it('is in force in the release that holds it, which is measured and serves nothing yet', async () => {
    proposed(bench, wishes[1]!);
    first = await makeRelease(bench, { by: 'bob' });
    const { release, stored } = first;
    expect(stored).toMatchObject({ parent: null, repairs: [repair.id], by: 'bob' });
    expect(release.effect.repairs).toMatchObject([{ repair: repair.id, holds: true, unseenViews: 8 }]);
    expect(release.effect.data.images).toBe(399);
    const { errorBefore, errorAfter, drawdown, drawdownInterval, negativeFlips } = release.effect;
    expect(errorAfter - errorBefore).toBe(drawdown);
    expect(drawdownInterval[0]).toBeLessThanOrEqual(drawdown);
    expect(drawdownInterval[1]).toBeGreaterThanOrEqual(drawdown);
    expect(negativeFlips).not.toContain(wishes[0]!.index);
    expect(release.changed.every((name) => name.startsWith('layer3.'))).toBe(true);
    expect(bench.store.state.active).toBeNull();
    expect(answerOf(wishes[0]!.index)).not.toBe(wishes[0]!.target);
  });

  it('is served once the release is active, and not after rolling back, to the bit', async () => {
    const { store, opened } = bench;
    activate(store, first.stored.id, { by: 'bob', override: 'a test' });
    expect(store.statusOf(store.repair(repair.id))).toBe('active');
    expect(answerOf(wishes[0]!.index)).toBe(wishes[0]!.target);
    expect(() => activate(store, first.stored.id, { by: 'bob' })).toThrow('is active already.');
    const second = approved(bench, wishes[2]!);
    const next = await makeRelease(bench, { by: 'bob' });
    expect(next.stored).toMatchObject({ parent: first.stored.id, repairs: [repair.id, second.id].sort() });
    activate(store, next.stored.id, { by: 'bob', override: 'a test' });
    expect(modelHash(loadRelease(bench, next.stored.id).model)).toBe(next.release.result);
    expect(rollBack(store, { by: 'carl', why: 'alarm' })?.id).toBe(first.stored.id);
    expect(modelHash(loadRelease(reopened(store), store.state.active).model)).toBe(first.release.result);
    expect(rollBack(store, { by: 'carl', why: 'alarm' })).toBeNull();
    expect(modelHash(loadRelease(reopened(store), store.state.active).model)).toBe(modelHash(opened.model));
    expect(() => rollBack(store, { by: 'carl', why: 'alarm' })).toThrow('no release is active');
    activate(store, next.stored.id, { by: 'bob', override: 'a test' });
    await expect(makeRelease(bench, { by: 'bob' })).rejects.toThrow(
      'is active and holds exactly the repairs that are approved',
    );
  });

  it('can be looked at before: solved and measured with what is approved, and not kept', async () => {
    const { store } = bench;
    const { seq } = store.state;
    const wanted = [...store.state.repairs.values()].slice(0, 3);
    const { effect } = await previewRelease(bench, wanted, { testImages: 100 });
    expect(effect.repairs.map(({ holds }) => holds)).toEqual([true, true, true]);
    expect(effect.data.images).toBeLessThanOrEqual(100);
    expect(store.state.seq).toBe(seq);
    expect(store.files.present().releases).toHaveLength(store.state.releases.size);
  });

  it('is retired alone: the others stay in force, and the set is as if it had never been there', async () => {
    const { store } = bench;
    const { released } = await retire(store, repair.id, { by: 'dora', why: 'was right after all' }, async () => bench);
    const [other] = released!.stored.repairs;
    expect(released!.stored.repairs).toHaveLength(1);
    expect(released!.release.effect.repairs).toMatchObject([{ repair: other, holds: true }]);
    expect(store.statusOf(store.repair(repair.id))).toBe('retired');
    expect([...servedRepairs(store.state)]).toEqual([other]);
    expect(answerOf(wishes[2]!.index)).toBe(wishes[2]!.target);
    const alone = smallStore(join(folder, 'alone'));
    approved(alone, wishes[2]!);
    const { release } = await makeRelease(alone, { by: 'x' });
    expect(release.result).toBe(released!.release.result);
    await expect(retire(store, repair.id, { by: 'dora', why: 'again' }, async () => bench)).rejects.toThrow(
      'is retired already.',
    );
  });

  it('belongs to one network: another one moves in, or is refused', () => {
    const other = smallRun(join(folder, 'another'), { steps: 5 });
    expect(() => makeStore(bench.store.folder, other, { by: 'ann' })).toThrow(
      /is a store of another network, .*; "editable store move" takes a retrained one/,
    );
    const { seq } = bench.store.state;
    using same = makeStore(bench.store.folder, bench.opened, { by: 'ann', controlImages: 200 });
    expect(same.state.seq).toBe(seq);
  });

  it('is found by everyone who opens the store', () => {
    using again = Store.open(bench.store.folder);
    expect(again.state).toEqual(bench.store.state);
    const all = again.entries;
    expect(again.latest({ before: Number.MAX_SAFE_INTEGER, limit: 5 })).toEqual(all.slice(-5).reverse());
    expect(again.latest({ before: 4, limit: 2 })).toEqual(all.slice(1, 3).reverse());
    expect(again.latest({ before: 4, limit: 50 })).toEqual(all.slice(0, 3).reverse());
    expect(again.latest({ before: 1, limit: 50 })).toEqual([]);
    expect(again.entries.map(({ event }) => event.kind)).toEqual(
      'base proposed approved proposed released activated proposed approved released activated activated activated activated released retired activated'.split(
        ' ',
      ),
    );
  });

  it('may be proposed again after it was retired', () => {
    const { index, target } = wishes[0]!;
    const again = proposed(bench, { index, target, views: 4 });
    expect(again).toMatchObject({ id: repair.id, approved: null, retired: null });
  });
});

describe('a wish', () => {
  it('cannot contradict another: both are named', async () => {
    const other = smallStore(join(folder, 'contradicting'));
    const { index } = wishes[0]!;
    const [a, b] = [approved(other, { index, target: 1 }), approved(other, { index, target: 2 })];
    await expect(makeRelease(other, { by: 'x' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(new RegExp(`test image ${index} as .* and .* cannot hold together; retire one`)),
    });
    expect([a.id, b.id]).toHaveLength(2);
  });

  it.each([
    [{ views: -1 }, 'views: expected a whole number from 0 to 1000, received -1.'],
    [{ margin: Number.NaN }, 'margin: expected a number of at least 0, received NaN.'],
    [{ target: 7 }, 'target: expected a class from 0 to 3, received 7.'],
    [{ why: 'a\u0007b' }, 'why: expected a reason'],
    [{ by: '' }, 'by: expected a name'],
  ])('is refused with %j, and nothing is written', (wrong, message) => {
    const { seq } = bench.store.state;
    const picture = testPicture(3, bench.opened.dataset);
    expect(() => propose(bench, { picture, target: 1, by: 'ann', why: 'w', ...wrong })).toThrow(message);
    expect(bench.store.state.seq).toBe(seq);
  });

  it.each([['abc'], ['zzzz'], ['../../etc']])('is not found under the name %s', (name) => {
    expect(() => bench.store.repair(name)).toThrow(/expected a repair of .* by at least 4 digits of its name/);
  });
});
