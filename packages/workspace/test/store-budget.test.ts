/** What repairs cost over the releases of a real store, and what is foreseen of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activate, type Bench, budgetOf, makeRelease, type ReleasedSet } from '../src/index.js';
import { approved, mistakesOf, smallStore } from './small-store.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-budget-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('budgetOf', () => {
  let bench: Bench;
  const made: ReleasedSet[] = [];

  beforeAll(async () => {
    bench = smallStore(folder, { steps: 80 });
    const mistakes = mistakesOf(bench);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 4],
      [4, 6],
    ] as const) {
      for (const mistake of mistakes.slice(from, to)) approved(bench, mistake);
      const released = await makeRelease(bench, { by: 'bob' });
      activate(bench.store, released.stored.id, { by: 'bob', override: 'a test' });
      made.push(released);
    }
  });

  it('has each release as it was measured, and repairs ahead from the last', () => {
    const report = budgetOf(bench.store, { budget: { drawdown: 1, negativeFlips: 1 }, ahead: 10 });
    expect(report.points.map(({ repairs, drawdown }) => [repairs, drawdown])).toEqual(
      made.map(({ release }) => [release.repairs.length, release.effect.drawdown]),
    );
    const last = made.at(-1)!.release.effect;
    expect(report.drawdown.perRepair).toBeCloseTo(last.drawdown / 6, 12);
    expect(report.drawdown.ahead.at(-1)).toMatchObject({ repairs: 16 });
    expect(report.drawdown.ahead.at(-1)?.expected).toBeCloseTo((16 * last.drawdown) / 6, 12);
    expect(report.negativeFlips.ahead.every(({ interval }) => interval !== null)).toBe(true);
  });

  it('says room where the budget is large, and now where it is passed, with the figure', () => {
    expect(budgetOf(bench.store, { budget: { drawdown: 1, negativeFlips: 1 } }).advice).toBe('room');
    const tight = budgetOf(bench.store, { budget: { drawdown: 1, negativeFlips: -1 } });
    expect(tight.advice).toBe('now');
    expect(tight.because).toMatch(/over budget: right answers turned wrong \d/);
  });

  it('says soon where only the repairs ahead may pass it, and at which number', () => {
    const flips = made.at(-1)!.release.effect.negativeFlips.length / made.at(-1)!.release.effect.data.images;
    const { advice, because, negativeFlips } = budgetOf(bench.store, { budget: { drawdown: 1, negativeFlips: flips } });
    expect(advice).toBe('soon');
    expect(negativeFlips.passed.earliest).toBeGreaterThan(6);
    expect(because).toContain(`At ${negativeFlips.passed.earliest} repairs`);
  });

  it('foresees nothing of a store without releases', () => {
    const { advice, drawdown } = budgetOf(smallStore(join(folder, 'empty')).store);
    expect(advice).toBe('unknown');
    expect(drawdown.ahead).toEqual([]);
  });

  it('refuses to look no repair ahead', () => {
    expect(() => budgetOf(bench.store, { ahead: 0 })).toThrow('ahead: expected a whole number of at least 1');
  });
});
