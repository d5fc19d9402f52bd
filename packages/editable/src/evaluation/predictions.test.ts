import { scope, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { finiteClasses, noClass } from './predictions.js';

describe('finiteClasses', () => {
  it('gives classes above 255 as they are, and none where a logit is not finite', () => {
    const count = 1000;
    const logits = new Float32Array(3 * count);
    logits[999] = 1;
    logits[count + 255] = 1;
    logits[2 * count + 7] = Number.NaN;
    const classes = scope(() => finiteClasses(tensor(logits, { shape: [3, count] })));
    expect([...classes]).toEqual([999, 255, noClass]);
  });
});
