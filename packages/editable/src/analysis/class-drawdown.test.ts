import { describe, expect, it } from 'vitest';
import { classDrawdown } from './class-drawdown.js';

const edits = [
  { label: 0, predicted: 1, classDrawdown: [0.2, 0, null] },
  { label: 0, predicted: 0, classDrawdown: [0.4, -0.1, null] },
  { label: 1, predicted: 1, classDrawdown: [0, 0.5, null] },
];

describe('classDrawdown', () => {
  it('averages over the edits of each true class; what is not known is null', () => {
    expect(classDrawdown(edits)).toEqual({
      edits: [2, 1, 0],
      mean: [
        [expect.closeTo(0.3, 12), -0.05, null],
        [0, 0.5, null],
        [null, null, null],
      ],
    });
  });

  it('groups by what the model said where asked to', () => {
    expect(classDrawdown(edits, { by: 'predicted' })).toMatchObject({
      edits: [1, 2, 0],
      mean: [
        [0.4, -0.1, null],
        [0.1, 0.25, null],
        [null, null, null],
      ],
    });
  });

  it('refuses an empty list', () => {
    expect(() => classDrawdown([])).toThrow('expected at least one edit');
  });
});
