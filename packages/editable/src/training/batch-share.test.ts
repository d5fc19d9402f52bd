import { tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { rangeOf } from '../sharing/share.js';
import { imageClassification } from '../tasks/image-classification.js';
import type { Task } from '../tasks/task.js';
import { editsOf, shareOf } from './batch-share.js';

const ranks = (size: number) => Array.from({ length: size }, (_, rank) => ({ rank, size }));

describe('rangeOf', () => {
  it.each([
    [10, 4],
    [3, 5],
    [0, 2],
  ])('divides %i items among %i, each once and in order', (length, size) => {
    const items = ranks(size).flatMap((share) => {
      const [from, to] = rangeOf(length, share);
      return Array.from({ length: to - from }, (_, i) => from + i);
    });
    expect(items).toEqual([...Array(length).keys()]);
  });
});

describe('editsOf', () => {
  it.each([
    [4, 4, [[0], [1], [2], [3]]],
    [
      2,
      4,
      [
        [0, 1],
        [2, 3],
      ],
    ],
    [4, 2, [[0], [0], [1], [1]]],
    [3, 1, [[0], [0], [0]]],
  ])('gives %i processes their share of %i edits', (size, edits, expected) => {
    expect(ranks(size).map((share) => editsOf(share, edits))).toEqual(expected);
  });
});

describe('shareOf', () => {
  const batchOf = (count: number) => ({
    input: tensor(Float64Array.from({ length: count }, (_, i) => i)),
    target: tensor(BigInt64Array.from({ length: count }, (_, i) => BigInt(i + 1))),
  });
  const mean = (
    task: Task,
    count: number,
    size: number,
    value: (batch: ReturnType<typeof batchOf>) => number,
  ): number =>
    ranks(size).reduce((sum, share) => {
      const { batch, weight } = shareOf(task, batchOf(count), share);
      return sum + (weight * value(batch)) / size;
    }, 0);

  it.each([
    [7, 3],
    [2, 4],
  ])('weighs means over shares so that theirs is that of the whole: %i examples, %i processes', (count, size) => {
    const value = ({ input }: ReturnType<typeof batchOf>): number => input.mean().item();
    expect(mean(imageClassification, count, size, value)).toBeCloseTo((count - 1) / 2, 12);
  });

  it('cuts its parts where one process with all edits would', () => {
    const rowsOf = ({ batch }: { batch: ReturnType<typeof batchOf> }): number[] => batch.input.tolist() as number[];
    for (const [count, size, edits] of [
      [7, 1, 4],
      [7, 2, 2],
      [3, 2, 2],
    ] as const) {
      const shares = ranks(size).map((share) => shareOf(imageClassification, batchOf(count), share, edits));
      const whole = shareOf(imageClassification, batchOf(count), { rank: 0, size: 1 }, size * edits);
      const parts = shares.flatMap((each) => each.parts.map((part) => [rowsOf(part), part.weight * each.weight]));
      expect(parts.map(([rows]) => rows)).toEqual(whole.parts.map(rowsOf));
      for (const [i, [, weight]] of parts.entries()) expect(weight).toBeCloseTo(whole.parts[i]?.weight as number, 12);
    }
  });

  it('says what edits count for in the whole batch', () => {
    const byTarget: Task = { ...imageClassification, editScale: ({ target }) => 1 / target.sum().item() };
    for (const share of ranks(3)) expect(shareOf(byTarget, batchOf(4), share).editScale).toBe(1 / 10);
  });

  it('weighs by what the task counts, where that is not examples', () => {
    const byTarget: Task = { ...imageClassification, weight: ({ target }) => target.sum().item() };
    const value = ({ input, target }: ReturnType<typeof batchOf>): number =>
      input.mul(target).sum().item() / target.sum().item();
    expect(mean(byTarget, 5, 2, value)).toBeCloseTo((0 + 2 + 6 + 12 + 20) / 15, 12);
  });
});
