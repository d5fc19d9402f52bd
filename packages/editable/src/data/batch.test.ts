import { describe, expect, it } from 'vitest';
import { assembleBatch } from './batch.js';
import { imageSplit } from './image-dataset.js';
import { normalizeImages } from './normalization.js';
import { stream } from './random.js';

const pixels = Uint8Array.from({ length: 4 * 3 * 8 * 8 }, (_, at) => (at * 31) % 256);
const split = imageSplit(pixels, Uint8Array.of(3, 1, 4, 1), [3, 8, 8]);
const normalization = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] };

describe('assembleBatch', () => {
  it('puts the chosen images, normalised, and their labels one after another', () => {
    const { images, labels } = assembleBatch(split, [2, 0], { normalization });
    expect(images).toEqual(normalizeImages([split.image(2), split.image(0)], split.shape, normalization));
    expect(labels).toEqual(BigInt64Array.of(4n, 3n));
  });

  it('augments in pixel space: padding is normalised black, as with torchvision', () => {
    const white = imageSplit(new Uint8Array(64).fill(255), Uint8Array.of(0), [1, 8, 8]);
    const augment = { padding: 4, flip: true, random: stream(1) };
    const { images } = assembleBatch(white, [0], { normalization: { mean: [0.5], std: [0.5] }, augment });
    expect(new Set(images)).toEqual(new Set([-1, 1]));
  });

  it('gives the same batch for the same stream, and leaves the split’s pixels alone', () => {
    const before = pixels.slice();
    const batch = (step: number) =>
      assembleBatch(split, [0, 1, 2, 3], {
        normalization,
        augment: { padding: 2, flip: true, random: stream(0, step) },
      });
    expect(batch(5)).toEqual(batch(5));
    expect(batch(6).images).not.toEqual(batch(5).images);
    expect(pixels).toEqual(before);
  });

  it('refuses an index outside the split', () => {
    expect(() => assembleBatch(split, [4], { normalization })).toThrow('from 0 to 3');
  });
});
