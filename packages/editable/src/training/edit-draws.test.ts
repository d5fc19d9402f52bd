import { describe, expect, it } from 'vitest';
import { imageSplit } from '../data/index.js';
import { editDraw } from './edit-draws.js';

const images = imageSplit(
  new Uint8Array(20),
  Array.from({ length: 20 }, (_, i) => i % 5),
  [1, 1, 1],
);
const from = { images, classes: 5, mistakes: () => [3, 11, 17] };
const steps = Array.from({ length: 200 }, (_, step) => step);
const unasked = (): never => {
  throw new Error('nobody needs the ranking');
};

describe('editDraw', () => {
  it('draws images and classes uniformly, the same ones for the same step', () => {
    const draws = steps.map((step) => editDraw({ seed: 1 }, step, from));
    expect(new Set(draws.map(({ index }) => index)).size).toBe(20);
    expect(new Set(draws.map(({ target }) => target(unasked)))).toEqual(new Set([0, 1, 2, 3, 4]));
    const again = steps.map((step) => editDraw({ seed: 1, editTargets: 'random' }, step, from));
    expect(again.map(({ index, target }) => [index, target(unasked)])).toEqual(
      draws.map(({ index, target }) => [index, target(unasked)]),
    );
  });

  it('draws the true labels of mistakes', () => {
    const draws = steps.map((step) => editDraw({ seed: 1, editTargets: 'mistakes' }, step, from));
    expect(new Set(draws.map(({ index, target }) => `${index}: ${target(unasked)}`))).toEqual(
      new Set(['3: 3', '11: 1', '17: 2']),
    );
  });

  it('draws the class at one of the ranks, at most the last there is', () => {
    const draws = steps.map((step) => editDraw({ seed: 1, editTargets: { ranks: [2, 2, 2, 90] } }, step, from));
    const targets = draws.map(({ target }) => target(() => [4, 3, 2, 1, 0]));
    const second = targets.filter((target) => target === 3).length;
    expect(new Set(targets)).toEqual(new Set([3, 0]));
    expect(second / targets.length).toBeGreaterThan(0.65);
    expect(second / targets.length).toBeLessThan(0.85);
  });
});
