import { describe, expect, it } from 'vitest';
import { holdOut } from './hold-out.js';
import { imageSplit, subset } from './image-dataset.js';

const count = 100;
const numbered = imageSplit(
  Uint8Array.from({ length: count * 4 }, (_, at) => Math.floor(at / 4)),
  Uint8Array.from({ length: count }, (_, index) => index % 10),
  [1, 2, 2],
);

describe('imageSplit', () => {
  it('gives image i as its own bytes', () => {
    expect([...numbered.image(42)]).toEqual([42, 42, 42, 42]);
    expect(numbered.length).toBe(count);
  });

  it('refuses pixels that do not fit the labels, and indices outside', () => {
    expect(() => imageSplit(new Uint8Array(7), new Uint8Array(2), [1, 2, 2])).toThrow(
      '= 8 bytes for 2 labels, received 7',
    );
    for (const index of [-1, 100, 0.5]) expect(() => numbered.image(index)).toThrow('from 0 to 99');
  });
});

describe('subset', () => {
  it('keeps the order given, repeats allowed, and carries the labels along', () => {
    const part = subset(numbered, [17, 3, 17]);
    expect([...part.labels]).toEqual([7, 3, 7]);
    expect(part.image(1)[0]).toBe(3);
    expect(() => part.image(3)).toThrow('from 0 to 2');
    expect(() => subset(numbered, [100])).toThrow('from 0 to 99');
    expect(() => subset(numbered, [-1])).toThrow('received -1');
  });
});

describe('holdOut', () => {
  const all = (split: { length: number; image(i: number): Uint8Array }) =>
    Array.from({ length: split.length }, (_, i) => split.image(i)[0]!);

  it('divides the split: every image is in exactly one part', () => {
    const { train, validation } = holdOut(numbered, { size: 20, seed: 3 });
    expect([train.length, validation.length]).toEqual([80, 20]);
    expect([...all(train), ...all(validation)].sort((a, b) => a - b)).toEqual(all(numbered));
  });

  it('is the same for the same seed and another for another seed', () => {
    const first = all(holdOut(numbered, { size: 20, seed: 3 }).validation);
    expect(all(holdOut(numbered, { size: 20, seed: 3 }).validation)).toEqual(first);
    expect(all(holdOut(numbered, { size: 20, seed: 4 }).validation)).not.toEqual(first);
  });

  it('refuses to leave either part empty', () => {
    for (const size of [0, 100, 2.5]) expect(() => holdOut(numbered, { size })).toThrow('from 1 to 99');
  });
});
