import { describe, expect, it } from 'vitest';
import { concatenate } from './concatenate.js';
import { imageSplit } from './image-dataset.js';

const split = (values: readonly number[]) => imageSplit(Uint8Array.from(values), values, [1, 1, 1]);

describe('concatenate', () => {
  it('has the images and labels of all parts, one after another', () => {
    const joined = concatenate([split([1, 2]), split([3]), split([4, 5])]);
    expect([...joined.labels]).toEqual([1, 2, 3, 4, 5]);
    expect([0, 1, 2, 3, 4].map((i) => joined.image(i)[0])).toEqual([1, 2, 3, 4, 5]);
    expect(() => joined.image(5)).toThrow('expected an index from 0 to 4');
  });

  it('refuses images of several shapes, and nothing', () => {
    const other = imageSplit(new Uint8Array(4), [0], [1, 2, 2]);
    expect(() => concatenate([split([1]), other])).toThrow('received 1×1×1, 1×2×2');
    expect(() => concatenate([])).toThrow('received none');
  });
});
