import { stream } from 'editable';
import { describe, expect, it } from 'vitest';
import { driftOf, firstAbove, forecastAt } from './budget-forecast.js';

describe('driftOf', () => {
  it('is null where nothing was repaired yet', () => {
    expect(driftOf([])).toBeNull();
    expect(driftOf([{ repairs: 0, value: 0 }])).toBeNull();
  });

  it('takes the mean cost of a repair, and its deviation from steps of unequal length', () => {
    // Steps of 1, 1 and 2 repairs that rise by 1, 3 and 4: 2 a repair, squares (−1)²/1 + 1²/1 + 0²/2 over 3 − 1.
    const drift = driftOf([
      { repairs: 4, value: 8 },
      { repairs: 1, value: 1 },
      { repairs: 2, value: 4 },
    ]);
    expect(drift).toEqual({ last: { repairs: 4, value: 8 }, perRepair: 2, deviation: 1, steps: 3 });
  });

  it('counts a number of repairs once, as it was measured last', () => {
    expect(
      driftOf([
        { repairs: 2, value: 9 },
        { repairs: 2, value: 4 },
      ])?.perRepair,
    ).toBe(2);
  });
});

describe('forecastAt', () => {
  const drift = { last: { repairs: 4, value: 8 }, perRepair: 2, deviation: 1, steps: 3 };

  it('starts at the last point without doubt and widens with the repairs ahead', () => {
    expect(forecastAt(drift, 4)).toEqual({ repairs: 4, expected: 8, interval: [8, 8] });
    const { expected, interval } = forecastAt(drift, 8);
    expect(expected).toBe(16);
    // 4.3027 (t, two degrees of freedom) × √(4 (1 + 4 / 4))
    expect(interval?.[1]).toBeCloseTo(16 + 4.3027 * Math.sqrt(8), 3);
  });

  it('tells no interval from a single step', () => {
    expect(forecastAt({ ...drift, deviation: null, steps: 1 }, 8)).toEqual({
      repairs: 8,
      expected: 16,
      interval: null,
    });
  });

  it('holds what comes in 95 % of random walks, where that is what costs are', () => {
    const random = stream(0, 'walks');
    let held = 0;
    for (let walk = 0; walk < 2000; walk++) {
      let value = 0;
      const points = [3, 5, 8, 12, 20, 30].map((repairs, i, all) => {
        for (let k = all[i - 1] ?? 0; k < repairs; k++) value += 0.01 + 0.05 * random.normal();
        return { repairs, value };
      });
      const { interval } = forecastAt(driftOf(points.slice(0, 5))!, 30);
      if (value >= interval![0] && value <= interval![1]) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.935);
    expect(held / 2000).toBeLessThan(0.965);
  });
});

describe('firstAbove', () => {
  const drift = { last: { repairs: 4, value: 8 }, perRepair: 2, deviation: 1, steps: 3 };
  const value = ({ expected }: { expected: number }): number => expected;

  it('finds the number of repairs that passes the limit', () => {
    expect(firstAbove(drift, 15, { value, most: 100 })).toBe(8);
    expect(firstAbove(drift, 7, { value, most: 100 })).toBe(4);
    expect(firstAbove(drift, 1000, { value, most: 100 })).toBeNull();
  });
});
