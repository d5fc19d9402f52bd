import { describe, expect, it } from 'vitest';
import { RandomStream, stream } from './random.js';

const take = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);

describe('RandomStream', () => {
  it('gives the reference outputs of xoshiro128** from state 1, 2, 3, 4', () => {
    const random = new RandomStream([1, 2, 3, 4]);
    expect(take(10, () => random.uint32())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('refuses the all-zero state, from which nothing but zeros would come', () => {
    expect(() => new RandomStream([0, 0, 0, 0])).toThrow('not all zero');
  });

  it('draws every integer below the bound about equally often', () => {
    const random = stream(1, 'int');
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 60_000; i++) counts[random.int(6)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });

  it('refuses a bound that is no positive integer', () => {
    for (const bound of [0, -1, 1.5, Number.NaN, 2 ** 33]) expect(() => stream(1).int(bound)).toThrow('2^32');
  });

  it('draws floats with the mean and variance of the uniform distribution', () => {
    const random = stream(2, 'float');
    const draws = take(100_000, () => random.float());
    expect(Math.min(...draws.slice(0, 1000))).toBeGreaterThanOrEqual(0);
    expect(draws.every((x) => x < 1)).toBe(true);
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length).toBeCloseTo(1 / 12, 2);
  });

  it('draws normal numbers with mean 0, variance 1 and kurtosis 3', () => {
    const random = stream(3, 'normal');
    const draws = take(200_000, () => random.normal());
    const moment = (power: number) => draws.reduce((sum, x) => sum + x ** power, 0) / draws.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
  });

  it('samples different items, and a permutation holds each once', () => {
    expect(new Set(stream(4).sample(1000, 100)).size).toBe(100);
    expect([...stream(4).permutation(50)].sort((a, b) => a - b)).toEqual(take(50, indexer()));
    expect(() => stream(4).sample(3, 4)).toThrow('from 0 to 3');
  });

  it('puts each item at each place equally often', () => {
    const firstOfThree = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = stream(5, i).permutation(3).join('');
      firstOfThree.set(order, (firstOfThree.get(order) ?? 0) + 1);
    }
    expect(firstOfThree.size).toBe(6);
    for (const count of firstOfThree.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('stream', () => {
  it('gives the same draws for the same seed and labels, whatever was drawn elsewhere', () => {
    const first = take(5, drawer(9, 'crop', 12));
    stream(9, 'other').float();
    expect(take(5, drawer(9, 'crop', 12))).toEqual(first);
  });

  it('gives different draws for another seed, label, label order or label type', () => {
    const firsts = [stream(1, 'a', 2), stream(2, 'a', 2), stream(1, 'b', 2), stream(1, 2, 'a'), stream(1, 'a', '2')];
    expect(new Set(firsts.map((random) => random.uint32())).size).toBe(5);
  });

  it('is pinned: its first draw never changes between versions', () => {
    expect(stream(0, 'pinned').uint32()).toBe(2630829677);
  });

  it('refuses a seed that is no whole number', () => {
    expect(() => stream(0.5)).toThrow('whole number');
  });
});

function drawer(seed: number, ...labels: (string | number)[]): () => number {
  const random = stream(seed, ...labels);
  return () => random.uint32();
}

function indexer(): () => number {
  let next = 0;
  return () => next++;
}
