import { describe, expect, it } from 'vitest';
import { allowedFailures, bestOf, dominates, plausibleFailures, type Trial } from './trial.js';

const trial = (figures: Partial<Trial>): Trial => ({
  editor: { name: 'gd', hyperparameters: { learningRate: 0.1 }, layers: 'all', maxSteps: 10 },
  drawdown: 0.01,
  drawdownInterval: [0, 0.02],
  successRate: 1,
  generality: 0.5,
  meanSteps: 2,
  edits: 40,
  images: 1000,
  qualifies: true,
  secondsPerEdit: 0.01,
  seconds: 1,
  ...figures,
});

describe('bestOf', () => {
  it('takes the least drawdown among the trials that qualify', () => {
    const [failing, good, worse] = [
      trial({ drawdown: -0.5, qualifies: false, successRate: 0.5 }),
      trial({ drawdown: 0.01, successRate: 0.96 }),
      trial({ drawdown: 0.02 }),
    ];
    expect(bestOf([failing, worse, good])).toBe(good);
  });

  it('takes the highest success rate where none qualifies', () => {
    const [low, high] = [0.5, 0.9].map((successRate) =>
      trial({ qualifies: false, successRate, drawdown: successRate }),
    );
    expect(bestOf([low!, high!])).toBe(high);
  });

  it('refuses an empty list', () => {
    expect(() => bestOf([])).toThrow('at least one editor');
  });
});

describe('dominates', () => {
  const base = trial({});

  it.each([
    ['less drawdown', { drawdown: 0.009 }, true],
    ['more success', { successRate: 0.97, drawdown: 0.01 }, false],
    ['fewer steps', { meanSteps: 1 }, true],
    ['more generality', { generality: 0.6 }, true],
    ['less drawdown and less generality', { drawdown: 0.009, generality: 0.4 }, false],
    ['half the time', { secondsPerEdit: 0.005 }, true],
    ['a time that differs as times do', { secondsPerEdit: 0.0095 }, false],
    ['less drawdown and more steps', { drawdown: 0.009, meanSteps: 3 }, false],
    ['the same figures', {}, false],
  ] as const)('with %s', (_, figures, expected) => {
    expect(dominates(trial(figures), base)).toBe(expected);
  });
});

describe('allowedFailures', () => {
  it('is what the asked success rate leaves', () => {
    expect([40, 100, 10].map((edits) => allowedFailures(edits, 0.95))).toEqual([2, 5, 0]);
  });
});

describe('plausibleFailures', () => {
  // Binomial, failure 0.05: of 10 edits at most 1 fails in 91.4 % of cases, at most 2 in 98.8 %.
  it('leaves room for chance, and none where no edit may fail', () => {
    expect(plausibleFailures(10, 0.95)).toBe(2);
    expect(plausibleFailures(20, 0.95)).toBe(3);
    expect(plausibleFailures(10, 1)).toBe(0);
    expect(plausibleFailures(10, 0)).toBe(10);
  });
});
