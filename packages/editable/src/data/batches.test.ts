import { describe, expect, it } from 'vitest';
import { BatchSchedule, epochOrder, sequentialBatches } from './batches.js';

const sorted = (items: Iterable<number>) => [...items].sort((a, b) => a - b);

describe('epochOrder', () => {
  it('visits every image once, in another order each epoch and seed, the same when asked again', () => {
    const order = epochOrder(100, 1, 0);
    expect(sorted(order)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(epochOrder(100, 1, 0)).toEqual(order);
    expect(epochOrder(100, 1, 1)).not.toEqual(order);
    expect(epochOrder(100, 2, 0)).not.toEqual(order);
  });
});

describe('BatchSchedule', () => {
  const schedule = new BatchSchedule(10, { batchSize: 3, seed: 5 });

  it('covers an epoch in whole batches and drops the rest', () => {
    expect(schedule.stepsPerEpoch).toBe(3);
    const seen = [0, 1, 2].flatMap((step) => [...schedule.at(step)]);
    expect(new Set(seen).size).toBe(9);
    expect(seen).toEqual([...epochOrder(10, 5, 0).slice(0, 9)]);
    expect([...schedule.at(3)]).toEqual([...epochOrder(10, 5, 1).slice(0, 3)]);
  });

  it('gives step 1000 the same batch whether or not the steps before were asked for', () => {
    expect(new BatchSchedule(10, { batchSize: 3, seed: 5 }).at(1000)).toEqual(schedule.at(1000));
    schedule.at(2);
    expect(new BatchSchedule(10, { batchSize: 3, seed: 5 }).at(1000)).toEqual(schedule.at(1000));
  });

  it('hands out batches that the caller may change', () => {
    schedule.at(0).fill(7);
    expect(new Set(schedule.at(0)).size).toBe(3);
  });

  it('refuses a batch size of nothing or of more than there is', () => {
    expect(() => new BatchSchedule(10, { batchSize: 0, seed: 1 })).toThrow('1 or more');
    expect(() => new BatchSchedule(10, { batchSize: 11, seed: 1 })).toThrow('at most the 10 images');
  });
});

describe('sequentialBatches', () => {
  it('goes through all images in order, the last batch smaller', () => {
    expect([...sequentialBatches(5, 2)].map((batch) => [...batch])).toEqual([[0, 1], [2, 3], [4]]);
  });
});
