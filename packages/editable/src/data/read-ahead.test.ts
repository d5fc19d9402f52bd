import { describe, expect, it } from 'vitest';
import { ReadAhead } from './read-ahead.js';

describe('ReadAhead', () => {
  it('reads each step once, so many ahead and none beyond the end', async () => {
    const read: number[] = [];
    const ahead = new ReadAhead(
      (step) => {
        read.push(step);
        return Promise.resolve(10 * step);
      },
      { ahead: 2, end: 6 },
    );
    expect(await ahead.at(2)).toBe(20);
    expect(read).toEqual([2, 3, 4]);
    expect(await ahead.at(3)).toBe(30);
    expect(read).toEqual([2, 3, 4, 5]);
    expect([await ahead.at(4), await ahead.at(5)]).toEqual([40, 50]);
    expect(read).toEqual([2, 3, 4, 5]);
  });

  it('tells a failure to the one who asks for its step', async () => {
    const ahead = new ReadAhead((step) => (step === 1 ? Promise.reject(new Error('one')) : Promise.resolve(step)), {
      ahead: 3,
      end: 4,
    });
    expect(await ahead.at(0)).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    await expect(ahead.at(1)).rejects.toThrow('one');
    expect(await ahead.at(2)).toBe(2);
  });
});
