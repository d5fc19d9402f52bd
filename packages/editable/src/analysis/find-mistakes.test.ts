import { cat, randn, scope, tensor } from '@editable/torch';
import { afterEach, describe, expect, it } from 'vitest';
import { hasFashionMnist, smallClassifier } from '../../test/small-classifier.js';
import { imageSplit, stream } from '../data/index.js';
import { findMistakes } from './find-mistakes.js';
import { suspectLabels } from './label-errors.js';
import { nearDuplicates } from './near-duplicates.js';

describe('suspectLabels', () => {
  // Class 0 is told with 0.9 on average, class 1 with 0.58.
  const rows = [...Array(5).fill([0.9, 0.1]), ...Array(5).fill([0.3, 0.7]), [0.99999, 0.00001], [0.7, 0.3]];
  const probabilities = Float32Array.from(rows.flat());
  const labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1];
  const none = Array(10).fill(false);

  it('takes an example that is confidently of another class and hardly at all of its own', () => {
    expect(suspectLabels(probabilities, labels, { classes: 2 })).toEqual([...none, true, false]);
  });

  it('does not take a mistake that is as unsure as its class is known', () => {
    expect(suspectLabels(probabilities, labels, { classes: 2, most: 1 })).toEqual([...none, true, false]);
  });

  it('takes none of a class with few examples', () => {
    const fewer = [0, 1, 2, 5, 6, 7, 8, 9, 10];
    const of = (each: number): readonly number[] => rows[each] as readonly number[];
    const suspects = suspectLabels(
      Float32Array.from(fewer.flatMap(of)),
      fewer.map((each) => labels[each] as number),
      {
        classes: 2,
      },
    );
    expect(suspects).toEqual(Array(9).fill(false));
  });

  it('refuses another number of probabilities', () => {
    expect(() => suspectLabels(probabilities, [0], { classes: 2 })).toThrow(
      'suspectLabels: expected 1 × 2 probabilities, received 24.',
    );
  });
});

describe('nearDuplicates', () => {
  it('joins rows that are linked, and numbers the groups by their first rows', () => {
    const groups = scope(() => {
      const rows = randn([600, 50]);
      const copy = (row: number): ReturnType<typeof randn> => rows.narrow(0, row, 1).add(randn([1, 50]).mul(0.1));
      return nearDuplicates(cat([rows, copy(3), copy(599), copy(3)]), 0.9);
    });
    expect(groups.slice(0, 600)).toEqual(Array.from({ length: 600 }, (_, i) => i));
    expect(groups.slice(600)).toEqual([3, 599, 3]);
  });

  it('is one group for one row', () => {
    expect(nearDuplicates(tensor([1, 2, 3], { dtype: 'float32' }).reshape([1, 3]))).toEqual([0]);
  });
});

describe.skipIf(!hasFashionMnist)('findMistakes', async () => {
  const { model, dataset } = await smallClassifier(200);
  const test = dataset.split('test');
  const size = 28 * 28;
  const changed = new Map<number, number>();
  afterEach(() => changed.clear());

  /** 1,000 test images, and the first twice. */
  const pictures = (): ReturnType<typeof imageSplit> => {
    const pixels = new Uint8Array(1001 * size);
    const labels = new Uint8Array(1001);
    for (let i = 0; i <= 1000; i++) {
      const index = i === 1000 ? 0 : i;
      pixels.set(test.image(index), i * size);
      labels[i] = changed.get(index) ?? (test.labels[index] as number);
    }
    return imageSplit(pixels, labels, test.shape);
  };
  const options = { classes: 10, normalization: dataset.normalization };

  it('lists exactly what the model gets wrong, the surest first', () => {
    const { mistakes, images } = findMistakes(model, pictures(), options);
    expect(images).toBe(1001);
    expect(mistakes.length).toBeGreaterThan(100);
    expect(mistakes.every(({ label, predicted }) => label !== predicted)).toBe(true);
    const sure = mistakes.map(({ probability }) => probability);
    expect(sure).toEqual([...sure].sort((a, b) => b - a));
  });

  it('suspects labels that were changed at random more than others, and groups the copy', () => {
    const random = stream(0, 'changed');
    for (const index of [0, ...random.sample(1000, 30)]) changed.set(index, ((test.labels[index] as number) + 5) % 10);
    const { mistakes } = findMistakes(model, pictures(), options);
    const suspects = mistakes.filter(({ suspect }) => suspect);
    const found = suspects.filter(({ index }) => changed.has(index));
    // A network trained for seconds is seldom as sure as it must be.
    expect(found.length).toBeGreaterThan(changed.size / 5);
    expect(suspects.length - found.length).toBeLessThan(found.length);
    const [first, copy] = [0, 1000].map((index) => mistakes.find((each) => each.index === index));
    expect(copy?.group).toBe(first?.group);
    expect(new Set(mistakes.map(({ group }) => group)).size).toBeGreaterThan(mistakes.length / 2);
  });
});
