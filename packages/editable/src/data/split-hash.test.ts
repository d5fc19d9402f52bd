import { describe, expect, it } from 'vitest';
import { type ImageSplit, imageSplit, subset } from './image-dataset.js';
import { splitHash } from './split-hash.js';

const shape = [1, 1, 2] as const;
const split = imageSplit(Uint8Array.of(1, 2, 3, 4, 5, 6), Uint8Array.of(0, 1, 0), shape);

describe('splitHash', () => {
  it('is SHA-256 of the labels and then the pixels', () => {
    // printf '\0\1\0\1\2\3\4\5\6' | sha256sum
    expect(splitHash(split)).toBe('0984272b9205d601981d468f32605d1ec49252657389b2bd0d67672539393e57');
    expect(splitHash(subset(split, [0, 1, 2]))).toBe(splitHash(split));
  });

  it.each<[string, ImageSplit]>([
    ['a label', imageSplit(Uint8Array.of(1, 2, 3, 4, 5, 6), Uint8Array.of(0, 1, 1), shape)],
    ['a pixel', imageSplit(Uint8Array.of(1, 2, 3, 4, 5, 7), Uint8Array.of(0, 1, 0), shape)],
    ['the order', subset(split, [2, 1, 0])],
  ])('differs by %s', (_, other) => {
    expect(splitHash(other)).not.toBe(splitHash(split));
  });

  it('takes four bytes a label where one is above 255, so that no two lists of labels are taken for each other', () => {
    // printf '\0\0\0\0\0\1\0\0\0\0\0\0\1\2\3\4\5\6' | sha256sum
    const wide = imageSplit(Uint8Array.of(1, 2, 3, 4, 5, 6), [0, 256, 0], shape);
    expect(splitHash(wide)).toBe('7b75b5d63cea35678c86fff6ad0c06aaa8b4e3693187e8f224c73352809d969c');
    expect([...wide.labels]).toEqual([0, 256, 0]);
  });

  it('reads a split once', () => {
    let read = 0;
    const counted: ImageSplit = {
      ...split,
      image: (index) => {
        read += 1;
        return split.image(index);
      },
    };
    expect(splitHash(counted)).toBe(splitHash(counted));
    expect(read).toBe(3);
  });
});
