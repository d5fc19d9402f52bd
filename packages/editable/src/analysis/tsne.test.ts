import { describe, expect, it } from 'vitest';
import { stream } from '../data/random.js';
import type { Matrix } from './matrix.js';
import { tsne } from './tsne.js';

const clusters = 3;
const each = 20;
const columns = 12;

/** Three groups of twenty points, 10 apart, each of spread 1. */
function groups(): Matrix {
  const random = stream(3, 'groups');
  const values = Float32Array.from({ length: clusters * each * columns }, (_, i) => {
    const group = Math.floor(i / (each * columns));
    return random.normal() + (i % columns === group ? 10 : 0);
  });
  return { rows: clusters * each, columns, values };
}

const options = { perplexity: 8, iterations: 400, seed: 0 };

describe('tsne', () => {
  it("keeps groups together: a point's nearest neighbours are of its own", async () => {
    const { rows, columns: dimensions, values } = await tsne(groups(), options);
    expect([rows, dimensions, values.length]).toEqual([60, 2, 120]);
    const nearest = (row: number): number =>
      [...Array(rows).keys()]
        .filter((other) => other !== row)
        .map((other) => ({
          other,
          distance: Math.hypot(values[2 * row]! - values[2 * other]!, values[2 * row + 1]! - values[2 * other + 1]!),
        }))
        .sort((a, b) => a.distance - b.distance)[0]!.other;
    const groupOf = (row: number): number => Math.floor(row / each);
    expect([...Array(rows).keys()].filter((row) => groupOf(nearest(row)) !== groupOf(row))).toEqual([]);
  });

  it('gives the same map for the same seed and another for another', async () => {
    const short = { ...options, iterations: 20 };
    const first = await tsne(groups(), short);
    expect(await tsne(groups(), short)).toEqual(first);
    expect(await tsne(groups(), { ...short, seed: 2 })).not.toEqual(first);
  });

  it('does not depend on the unit of the descriptors', async () => {
    const { rows, values } = groups();
    const smaller = { rows, columns, values: Float64Array.from(values, (value) => value / 1024) };
    const same = await tsne(smaller, { ...options, iterations: 20 });
    const expected = await tsne(groups(), { ...options, iterations: 20 });
    for (let i = 0; i < 2 * rows; i++) expect(same.values[i]).toBeCloseTo(expected.values[i]!, 8);
  });

  it('places points that are equal, as edits that change nothing are', async () => {
    const { rows, values } = groups();
    const equal = Float32Array.from(values).fill(0, 0, 30 * columns);
    const map = await tsne({ rows, columns, values: equal }, { ...options, iterations: 50 });
    expect(map.values.every(Number.isFinite)).toBe(true);
  });

  it('asks for more points than three times the perplexity', async () => {
    await expect(tsne(groups(), { perplexity: 20 })).rejects.toThrow('received 20 and 60 rows');
  });
});
