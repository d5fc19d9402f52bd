import { describe, expect, it } from 'vitest';
import { normalizeImages } from './normalization.js';

describe('normalizeImages', () => {
  it('scales pixels to [0, 1], subtracts the mean and divides by the deviation, per channel', () => {
    const image = Uint8Array.of(0, 255, 0, 255);
    const batch = normalizeImages([image, image], [2, 1, 2], { mean: [0.5, 0], std: [0.25, 2] });
    expect([...batch]).toEqual([-2, 2, 0, 0.5, -2, 2, 0, 0.5]);
  });

  it('fills channels whose size is no multiple of four', () => {
    const image = Uint8Array.from({ length: 10 }, (_, at) => 51 * (at % 5));
    const batch = normalizeImages([image], [2, 1, 5], { mean: [0, 0], std: [1, 0.5] });
    const expected = [0, 0.2, 0.4, 0.6, 0.8, 0, 0.4, 0.8, 1.2, 1.6];
    expected.forEach((value, at) => {
      expect(batch[at]).toBeCloseTo(value, 6);
    });
  });

  it('rounds as torchvision does: ToTensor and Normalize in float32', () => {
    // Recorded from PyTorch 1.13: torch.tensor(77).float().div(255).sub(torch.tensor(.4914)).div(torch.tensor(.2470))
    const [value] = normalizeImages([Uint8Array.of(77)], [1, 1, 1], { mean: [0.4914], std: [0.247] });
    expect(value).toBe(-0.7669603824615479);
  });

  it('refuses statistics or images that do not fit the shape', () => {
    const normalization = { mean: [0.5], std: [0.5] };
    expect(() => normalizeImages([new Uint8Array(4)], [2, 1, 2], normalization)).toThrow('expected 2 means');
    expect(() => normalizeImages([], [1, 1, 2], { mean: [0], std: [0] })).toThrow('positive standard deviations');
    expect(() => normalizeImages([new Uint8Array(3)], [1, 1, 2], normalization)).toThrow('received one of 3');
  });
});
