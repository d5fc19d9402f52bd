import { describe, expect, it } from 'vitest';
import { stream } from '../data/index.js';
import type { Repair } from './repairer.js';
import { judgeBySample, SamplingPlan } from './sampling.js';

const images = 4000;
const random = stream(0, 'sampling-test');
const classes = Int32Array.from({ length: images }, () => random.int(4));
const margins = Float64Array.from({ length: images }, () => random.float());
const labels = classes.map((predicted) => (random.float() < 0.1 ? (predicted + 1) % 4 : predicted));
const probabilities = Float32Array.from({ length: images * 4 }, (_, at) => {
  const [image, label] = [Math.floor(at / 4), at % 4];
  const top = 0.4 + 0.59 * margins[image]!;
  return label === classes[image] ? top : (1 - top) / 3;
});

/** Turns narrow predictions of class 2, and one in a hundred of the others. */
const after = classes.map((predicted, image) => {
  const turns = predicted === 2 ? margins[image]! < 0.3 : random.float() < 0.01;
  return turns ? 0 : predicted;
});
const repair: Repair = {
  success: true,
  steps: 1,
  loss: 0,
  changed: true,
  judge: (positions = [...after.keys()]) => Int32Array.from(positions, (position) => after[position]!),
  classify: () => new Int32Array(),
};
const wrong = (predicted: Int32Array): number => predicted.filter((each, i) => each !== labels[i]).length;
const drawdown = (wrong(after) - wrong(classes)) / images;
const flips = after.filter((each, i) => each !== classes[i]).length;
const base = { classes, probabilities };

describe('judgeBySample', () => {
  it('judges everything, and is exact, where the precision leaves no other way', () => {
    const result = judgeBySample(new SamplingPlan(base, labels, { precision: 1e-9 }), repair, { seed: 0, position: 0 });
    expect(result.judged).toBe(images);
    expect(result.drawdown).toBeCloseTo(drawdown, 12);
    expect(result.flips).toBeCloseTo(flips, 8);
    expect(result.standardError).toBe(0);
  });

  it('is unbiased, states an interval that holds, and judges few images', () => {
    const plan = new SamplingPlan(base, labels, { precision: 0.02 });
    const results = Array.from({ length: 400 }, (_, position) => judgeBySample(plan, repair, { seed: 1, position }));
    const errors = results.map((each) => each.drawdown - drawdown);
    const mean = errors.reduce((total, error) => total + error, 0) / errors.length;
    const spread = Math.sqrt(errors.reduce((total, error) => total + (error - mean) ** 2, 0) / errors.length);
    expect(Math.abs(mean)).toBeLessThan((3 * spread) / Math.sqrt(errors.length));
    const held = results.filter((each, i) => Math.abs(errors[i]!) <= 1.96 * each.standardError).length;
    expect(held / results.length).toBeGreaterThan(0.93);
    expect(Math.max(...results.map((each) => each.judged))).toBeLessThan(images / 4);
    const halves = results.map((each) => 1.96 * each.standardError);
    expect(halves.reduce((total, half) => total + half, 0) / halves.length).toBeLessThan(0.022);
  });

  it('draws the same sample for the same seed and position, another one for the next', () => {
    const plan = new SamplingPlan(base, labels, { precision: 0.02 });
    const [first, again, next] = [0, 0, 1].map((position) => judgeBySample(plan, repair, { seed: 2, position }));
    expect(again).toEqual(first);
    expect(next!.drawdown).not.toBe(first!.drawdown);
  });

  it('asks for no image twice, and in ascending order', () => {
    const asked: number[][] = [];
    const watched = {
      ...repair,
      judge: (positions: readonly number[] = []) => repair.judge(asked[asked.push([...positions]) - 1]),
    };
    judgeBySample(new SamplingPlan(base, labels, { precision: 0.01 }), watched, { seed: 0, position: 0 });
    expect(new Set(asked.flat()).size).toBe(asked.flat().length);
    for (const positions of asked) expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });
});
