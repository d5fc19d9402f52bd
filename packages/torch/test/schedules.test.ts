/** Learning-rate schedules against torch.optim.lr_scheduler (fixtures/record.py). */
import { readFileSync } from 'node:fs';
import { optim } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { fixturePath } from './fixtures.js';

const recorded: Readonly<Record<string, readonly number[]>> = JSON.parse(
  readFileSync(fixturePath('schedules.json'), 'utf8'),
);

const schedules: Readonly<Record<string, optim.Schedule>> = {
  cosine: optim.cosine(0.4, { steps: 10, final: 0.01 }),
  step: optim.stepDecay(0.4, { every: 3, factor: 0.5 }),
  milestones: optim.stepDecay(0.4, { at: [2, 7] }),
  warmup: optim.linearWarmup(0.4, { steps: 4, start: 0.25 }),
  'one-cycle': optim.oneCycle(0.4, { steps: 11 }),
};

describe('schedules', () => {
  it.each(Object.entries(schedules))('%s has the rates of its torch counterpart at every step', (name, schedule) => {
    for (const [step, rate] of recorded[name]!.entries()) expect(schedule(step), `step ${step}`).toBeCloseTo(rate, 12);
  });

  it('stay at their last rate beyond their last step', () => {
    expect(optim.cosine(0.4, { steps: 10, final: 0.01 })(15)).toBeCloseTo(0.01, 12);
    expect(optim.oneCycle(0.4, { steps: 11 })(15)).toBeCloseTo(recorded['one-cycle']!.at(-1)!, 12);
    expect(optim.constant(0.4)(1e6)).toBe(0.4);
  });

  it('can follow a warm-up', () => {
    const rates = [0, 1, 2, 3].map(optim.linearWarmup(optim.stepDecay(1, { every: 3 }), { steps: 2 }));
    expect(rates.map((rate) => Number(rate.toFixed(9)))).toEqual([0, 0.5, 1, 0.1]);
  });

  it('can end in a cooldown to zero', () => {
    const cooled = optim.linearCooldown(optim.stepDecay(1, { every: 3 }), { steps: 4, of: 6 });
    expect([0, 1, 2, 3, 4, 5, 6, 9].map((step) => Number(cooled(step).toFixed(9)))).toEqual([
      1, 1, 1, 0.075, 0.05, 0.025, 0, 0,
    ]);
    expect([0, 5].map(optim.linearCooldown(0.4, { steps: 0, of: 6 }))).toEqual([0.4, 0.4]);
  });

  it('fall with the inverse square root of the step after a warm-up from zero', () => {
    const rates = [0, 1, 2, 4, 16, 64].map(optim.inverseSquareRoot(0.4, { warmUp: 4 }));
    expect(rates).toEqual([0, 0.1, 0.2, 0.4, 0.2, 0.1]);
    expect([0, 1, 4].map(optim.inverseSquareRoot(0.4, { warmUp: 0 }))).toEqual([0.4, 0.4, 0.2]);
    expect(optim.inverseSquareRoot(0.4, { warmUp: 4, start: 0.2 })(2)).toBeCloseTo(0.3, 12);
  });
});
