import { describe, expect, it } from 'vitest';
import { count, duration, percent, percentInterval, plural, signedPercent, significant } from './numbers.js';

describe('numbers for people', () => {
  it.each([
    [percent(0.08911), '8.91 %'],
    [signedPercent(0.004), '+0.40 %'],
    [signedPercent(-0.004), '−0.40 %'],
    [percentInterval([-0.001, 0.0125]), '−0.10 to 1.25'],
    [duration(3.24), '3.2 s'],
    [duration(75.4), '1 min 15 s'],
    [duration(3720), '1 h 2 min'],
    [count(10000), '10,000'],
    [plural(1, 'step'), '1 step'],
    [plural(3, 'step'), '3 steps'],
    [significant(0.000123456), '0.000123'],
  ])('are written as %s', (written, expected) => {
    expect(written).toBe(expected);
  });
});
