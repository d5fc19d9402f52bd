/** What wishes would do, narrowing: the last figures are those of the release that they would make. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  activate,
  approve,
  type Bench,
  makeRelease,
  type NarrowingPreview,
  narrowingPreview,
  preparePreviews,
  TestAnswers,
  testPicture,
  wishedFor,
} from '../src/index.js';
import { mistakesOf, proposed, smallStore } from './small-store.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-narrowing-'));

describe('narrowingPreview', () => {
  let bench: Bench;
  beforeAll(() => {
    bench = smallStore(folder);
  });
  afterAll(() => {
    bench.store[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('ends with the figures of the release that the wishes make, and keeps nothing', async () => {
    const [first] = mistakesOf(bench) as [{ index: number; target: number }];
    const picture = testPicture(first.index, bench.opened.dataset);
    const wish = wishedFor(bench, { picture, target: first.target });
    const seen: NarrowingPreview[] = [];
    const preview = await narrowingPreview(bench, [wish], { onPreview: (each) => seen.push(each) });
    expect(bench.store.state.repairs.size).toBe(0);
    expect(preview).toMatchObject({ final: true, beside: null, images: 399, of: 399, others: [] });
    expect(seen.every(({ final, images }) => !final && images < 399)).toBe(true);
    const { seconds: _, ...figures } = preview;
    for (const bytes of [2 ** 20, 0]) {
      using answers = new TestAnswers(bench, { memory: bytes });
      while (preparePreviews(bench, answers));
      const { seconds: __, ...again } = await narrowingPreview(bench, [wish], { onPreview: () => {}, answers });
      expect(again).toEqual(figures);
    }
    const repair = proposed(bench, first);
    approve(bench.store, repair.id, { by: 'bob', why: 'seen' });
    const { release, stored } = await makeRelease(bench, { by: 'bob' });
    const { errorBefore, errorAfter, drawdown, drawdownInterval, flips, negativeFlips, repairs } = release.effect;
    expect(preview.asked).toMatchObject([{ repair: repair.id, standing: repairs[0], before: [{}, {}, {}] }]);
    expect(preview.asked[0]!.after[0]!.label).toBe(first.target);
    expect([preview.errorBefore, preview.errorAfter, preview.drawdown]).toEqual(
      [errorBefore, errorAfter, drawdown].map((figure) => expect.closeTo(figure, 10)),
    );
    expect(preview.drawdownInterval).toEqual(drawdownInterval.map((bound) => expect.closeTo(bound, 10)));
    expect(preview.flips).toHaveLength(flips);
    expect(preview.flips.filter(({ label, before }) => label === before).map(({ index }) => index)).toEqual(
      [...negativeFlips].sort((a, b) => a - b),
    );
    activate(bench.store, stored.id, { by: 'bob', override: 'a test' });
  });

  it('stands beside what is served, and says how the repairs in force would stand', async () => {
    const [served, next] = mistakesOf(bench) as [{ index: number; target: number }, { index: number; target: number }];
    const picture = testPicture(next.index, bench.opened.dataset);
    const { active } = bench.store.state;
    const preview = await narrowingPreview(bench, [wishedFor(bench, { picture, target: next.target })], {
      onPreview: () => {},
    });
    expect(preview).toMatchObject({
      beside: active,
      of: 398,
      others: [{ before: { holds: true }, after: { holds: true } }],
    });
    const other = (served.target + 1) % 4;
    const contrary = wishedFor(bench, { picture: testPicture(served.index, bench.opened.dataset), target: other });
    await expect(narrowingPreview(bench, [contrary], { onPreview: () => {} })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(() => wishedFor(bench, { picture, target: 9 })).toThrow('target: expected a class from 0 to 3, received 9.');
  });
});
