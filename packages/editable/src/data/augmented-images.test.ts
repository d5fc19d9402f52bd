import { describe, expect, it } from 'vitest';
import { augmentedImages } from './augmented-images.js';
import { imageSplit } from './image-dataset.js';
import { stream } from './random.js';

const split = imageSplit(
  Uint8Array.from({ length: 12 * 36 }, (_, i) => i % 251),
  Uint8Array.from({ length: 12 }, (_, i) => i),
  [1, 6, 6],
);

describe('augmentedImages', () => {
  it('makes of a part of a batch what it makes of these images when it makes all', async () => {
    const indices = [3, 1, 4, 11, 5, 9, 2, 6];
    const augment = () => ({ padding: 2, flip: true, random: stream(3, 'augment') });
    const whole = await augmentedImages(split, indices, augment());
    for (const [from, to] of [
      [0, 4],
      [4, 8],
      [2, 3],
    ] as const) {
      const part = await augmentedImages(split, indices, augment(), [from, to]);
      expect([...part.labels]).toEqual(indices.slice(from, to));
      expect([...part.labels.keys()].map((i) => part.image(i))).toEqual(
        [...part.labels.keys()].map((i) => whole.image(from + i)),
      );
    }
  });
});
