import { describe, expect, it } from 'vitest';
import { augmentedViews, cropAndFlip } from './augmentation.js';
import type { ImageShape } from './image-shape.js';
import { RandomStream, stream } from './random.js';

const shape: ImageShape = [1, 3, 3];
const image = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

/** A stream whose `int` gives the draws listed: the place of the crop and the side, chosen by hand. */
class Draws extends RandomStream {
  readonly #draws: number[];
  constructor(...draws: number[]) {
    super([1, 2, 3, 4]);
    this.#draws = draws;
  }
  override int(): number {
    return this.#draws.shift()!;
  }
}

describe('cropAndFlip', () => {
  const crop = (...draws: number[]) => [...cropAndFlip(image, shape, { padding: 1, flip: true }, new Draws(...draws))];

  it('leaves the image where the crop is at the padding’s corner and no side is swapped', () => {
    expect(crop(1, 1, 0)).toEqual([...image]);
  });

  it('shows black padding where the crop reaches over the edge', () => {
    expect(crop(0, 0, 0)).toEqual([0, 0, 0, 0, 1, 2, 0, 4, 5]);
    expect(crop(2, 1, 0)).toEqual([4, 5, 6, 7, 8, 9, 0, 0, 0]);
    expect(crop(1, 2, 0)).toEqual([2, 3, 0, 5, 6, 0, 8, 9, 0]);
  });

  it('mirrors after cropping', () => {
    expect(crop(1, 1, 1)).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
    expect(crop(0, 0, 1)).toEqual([0, 0, 0, 2, 1, 0, 5, 4, 0]);
  });

  it('equals cropping a padded image pixel by pixel, for every place of the crop', () => {
    const [height, width, padding] = [3, 4, 5];
    const pixels = Uint8Array.from({ length: 2 * height * width }, (_, at) => at + 1);
    for (let top = 0; top <= 2 * padding; top++) {
      for (let left = 0; left <= 2 * padding; left++) {
        const expected = Array.from(pixels, (_, at) => {
          const y = (Math.floor(at / width) % height) + top - padding;
          const x = (at % width) + left - padding;
          const inside = y >= 0 && y < height && x >= 0 && x < width;
          return inside ? pixels[Math.floor(at / (height * width)) * height * width + y * width + x] : 0;
        });
        const draws = new Draws(top, left, 0);
        const cropped = cropAndFlip(pixels, [2, height, width], { padding, flip: true }, draws);
        expect([...cropped]).toEqual(expected);
      }
    }
  });

  it('moves all channels together', () => {
    const twoChannels = Uint8Array.of(1, 2, 3, 4);
    const moved = cropAndFlip(twoChannels, [2, 1, 2], { padding: 1, flip: false }, new Draws(1, 2, 1));
    expect([...moved]).toEqual([2, 0, 4, 0]);
  });

  it('gives all black where the padding is wider than the image', () => {
    const gone = cropAndFlip(image, shape, { padding: 5, flip: false }, new Draws(0, 10, 0));
    expect([...gone]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('draws the same number of times with flips as without', () => {
    const [first, second] = [stream(1), stream(1)];
    cropAndFlip(image, shape, { padding: 0, flip: false }, first);
    cropAndFlip(image, shape, { padding: 0, flip: true }, second);
    expect(first.uint32()).toBe(second.uint32());
  });

  it('flips half of the images', () => {
    const random = stream(6);
    let flipped = 0;
    for (let i = 0; i < 2000; i++)
      flipped += cropAndFlip(image, shape, { padding: 0, flip: true }, random)[0] === 3 ? 1 : 0;
    expect(Math.abs(flipped - 1000)).toBeLessThan(100);
  });

  it('refuses an image of another size and a padding that is no whole number', () => {
    expect(() => cropAndFlip(image, [3, 3, 3], { padding: 1, flip: true }, stream(0))).toThrow(
      '= 27 bytes, received 9',
    );
    expect(() => cropAndFlip(image, shape, { padding: 0.5, flip: true }, stream(0))).toThrow('received 0.5');
  });
});

describe('augmentedViews', () => {
  const still = { shift: 0, rotation: 0, brightness: 0, flip: false };

  it('gives the image itself where nothing may change', () => {
    const [view] = augmentedViews(image, shape, 1, stream(1), still);
    expect([...view!]).toEqual([...image]);
  });

  it('changes only brightness where only that is allowed', () => {
    const [view] = augmentedViews(new Uint8Array(9).fill(200), shape, 1, stream(1), { ...still, brightness: 0.1 });
    expect(new Set(view).size).toBe(1);
    expect(view![0]).toBeGreaterThanOrEqual(180);
    expect(view![0]).toBeLessThanOrEqual(220);
    expect(view![0]).not.toBe(200);
  });

  it('turns the image around its centre, which stays', () => {
    const bright = Uint8Array.of(0, 0, 0, 0, 250, 0, 0, 0, 0);
    for (const view of augmentedViews(bright, shape, 5, stream(1), { ...still, rotation: 90 }))
      expect(view[4]).toBe(250);
  });

  it('gives different views, the same for the same stream, each close to the image', () => {
    const ramp = Uint8Array.from({ length: 3 * 32 * 32 }, (_, at) => 2 * (at % 32) + (Math.floor(at / 32) % 32) * 4);
    const views = augmentedViews(ramp, [3, 32, 32], 8, stream(2, 'views'), { flip: false });
    expect(new Set(views.map((view) => view.join())).size).toBe(8);
    expect(augmentedViews(ramp, [3, 32, 32], 8, stream(2, 'views'), { flip: false })).toEqual(views);
    const centre = 1024 + 16 * 32 + 16;
    for (const view of views) expect(Math.abs(view[centre]! - ramp[centre]!)).toBeLessThan(30);
  });
});
