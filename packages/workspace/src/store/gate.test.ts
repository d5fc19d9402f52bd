import { describe, expect, it } from 'vitest';
import { usualBudget, whyNotActivated } from './gate.js';

describe('whyNotActivated', () => {
  const passed = { passed: true, budget: usualBudget, images: 1000 };

  it('admits what passed against the usual budget, or a stricter one, on as many pictures', () => {
    expect(whyNotActivated(passed, 1000)).toBeNull();
    expect(whyNotActivated({ ...passed, budget: { drawdown: 0.001, negativeFlips: 0.01 } }, 900)).toBeNull();
  });

  it.each([
    [undefined, 'has not been checked'],
    [{ ...passed, passed: false }, 'failed its last check'],
    [{ ...passed, images: 999 }, 'was checked on 999 test pictures, and measured on 1000'],
    [{ ...passed, budget: { drawdown: 0.006, negativeFlips: 0.01 } }, 'a laxer budget than the usual'],
    [{ ...passed, budget: { drawdown: 0.005, negativeFlips: 0.02 } }, 'a laxer budget than the usual'],
    [{ ...passed, budget: { ...usualBudget, generality: 0 } }, 'a generality of its own'],
  ])('keeps out %o', (check, why) => {
    expect(whyNotActivated(check, 1000)).toContain(why);
  });
});
