/** Fifty repairs that come and go in random order: those that are wanted are in force, whatever led to them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelHash, stream } from 'editable';
import { afterAll, describe, expect, it } from 'vitest';
import { activate, type Bench, loadRelease, makeRelease, retire, servedRepairs, wantedRepairs } from '../src/index.js';
import { approved, mistakesOf, reopened, smallStore } from './small-store.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-fifty-'));
afterAll(() => rmSync(folder, { recursive: true }));

const serve = async (bench: Bench): Promise<Awaited<ReturnType<typeof makeRelease>>> => {
  const released = await makeRelease(bench, { by: 'bob', testImages: 100 });
  activate(bench.store, released.stored.id, { by: 'bob', override: 'a test' });
  return released;
};

describe('fifty repairs added and retired in random order', () => {
  it('are all in force at every moment, the set alone decides, and earlier releases come back to the bit', async () => {
    const bench = smallStore(join(folder, 'random'));
    const random = stream(3, 'fifty');
    const wishes = mistakesOf(bench).slice(0, 50);
    expect(wishes).toHaveLength(50);
    const waiting = [...wishes];
    await expect(serve(bench)).rejects.toThrow('no repair is approved');
    let released: Awaited<ReturnType<typeof serve>> | undefined;
    while (waiting.length > 0) {
      for (const wish of waiting.splice(0, 3 + random.int(8))) approved(bench, wish);
      released = await serve(bench);
      const { repairs } = released.release.effect;
      expect(repairs.filter(({ holds }) => !holds)).toEqual([]);
      expect(repairs.map(({ repair }) => repair)).toEqual(wantedRepairs(bench.store.state).map(({ id }) => id));
      const served = [...servedRepairs(bench.store.state)];
      const gone = served[random.int(served.length)]!;
      const { released: without } = await retire(
        bench.store,
        gone,
        { by: 'dora', why: 'over', testImages: 100 },
        async () => bench,
      );
      expect(without!.release.effect.repairs.every(({ holds, repair }) => holds && repair !== gone)).toBe(true);
      released = without!;
    }
    const kept = wantedRepairs(bench.store.state);
    expect(kept.length).toBeGreaterThan(35);
    const other = smallStore(join(folder, 'backwards'));
    for (const { source, wish } of [...kept].reverse()) approved(other, { index: source.index!, target: wish.target });
    const again = await makeRelease(other, { by: 'x', testImages: 100 });
    expect(again.release.result).toBe(released!.release.result);
    const fresh = reopened(bench.store);
    for (const { id, result } of bench.store.state.releases.values())
      expect(modelHash(loadRelease(fresh, id).model)).toBe(result);
  });
});
