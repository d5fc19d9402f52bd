import { describe, expect, it } from 'vitest';
import { referenceRanks } from './reference-ranks.js';

describe('referenceRanks', () => {
  it('counts the classes that are as likely as the right one, for mistakes only', () => {
    const probabilities = Float32Array.from([
      ...[0.5, 0.25, 0.125, 0.125], // right
      ...[0.5, 0.25, 0.125, 0.125], // label 1: second
      ...[0.5, 0.25, 0.125, 0.125], // label 3: as likely as class 2
    ]);
    const classes = Int32Array.from([0, 0, 0]);
    expect(referenceRanks({ classes, probabilities }, [0, 1, 3])).toEqual([2, 4]);
  });
});
