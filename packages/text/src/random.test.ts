import { describe, expect, it } from 'vitest';
import { permutation, RandomNumbers } from './random.js';

describe('RandomNumbers', () => {
  it('is a function of seed and labels', () => {
    const draws = (seed: number, ...labels: (string | number)[]): number[] => {
      const random = new RandomNumbers(seed, ...labels);
      return Array.from({ length: 5 }, () => random.uint32());
    };
    expect(draws(1, 'a', 2)).toEqual(draws(1, 'a', 2));
    expect(new Set([draws(1), draws(2), draws(1, 'a'), draws(1, 'a', 1)].map(String)).size).toBe(4);
  });

  it('draws each integer as often: chi-squared of 10 cells over 100,000 draws', () => {
    const random = new RandomNumbers(5);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[random.int(10)]!++;
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(27.9); // p = 0.001
  });

  it('permutes: every index once, each first as often', () => {
    expect([...permutation(100, new RandomNumbers(1))].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    const firsts = new Array<number>(4).fill(0);
    for (let i = 0; i < 4000; i++) firsts[permutation(4, new RandomNumbers(i))[0]!]!++;
    for (const count of firsts) expect(Math.abs(count - 1000)).toBeLessThan(100);
  });
});
