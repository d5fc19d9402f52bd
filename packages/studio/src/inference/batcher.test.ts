import { describe, expect, it } from 'vitest';
import { Batcher, type RunBatch } from './batcher.js';

/** Pictures of one number, answered by its double; runs are recorded and end when they are let go. */
function recorded({ maxBatch = 4, maxWaiting = 100 } = {}) {
  const runs: { readonly version: string; readonly pictures: number; end(): void; fail(): void }[] = [];
  const run: RunBatch = (version, pictures, data) =>
    new Promise((resolve, reject) => {
      runs.push({
        version,
        pictures,
        end: () => resolve(data.map((value) => 2 * value)),
        fail: () => reject(new Error('broken')),
      });
    });
  const batcher = new Batcher(run, { maxBatch, maxWaiting });
  const ask = (version: string, ...numbers: readonly number[]) =>
    batcher.answer({ version, pictures: numbers.length, data: Float32Array.from(numbers) });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { runs, batcher, ask, turn };
}

describe('Batcher', () => {
  it('runs the first at once and what came meanwhile together, each with its own answer', async () => {
    const { runs, ask, turn, batcher } = recorded();
    const answers = [ask('a', 1), ask('a', 2), ask('a', 3, 4)];
    expect([runs.length, batcher.waiting]).toEqual([1, 3]);
    runs[0]!.end();
    await turn();
    expect(runs[1]).toMatchObject({ version: 'a', pictures: 3 });
    runs[1]!.end();
    const all = await Promise.all(answers);
    expect(all.map(({ logits, batch }) => [[...logits], batch])).toEqual([
      [[2], 1],
      [[4], 3],
      [[6, 8], 3],
    ]);
  });

  it('keeps versions apart, bounds a run, and lets a request of more run alone', async () => {
    const { runs, ask, turn } = recorded({ maxBatch: 2 });
    const answers = [ask('a', 0), ask('a', 1), ask('b', 2), ask('a', 3), ask('a', 4), ask('b', 5, 6, 7)];
    for (let at = 0; at < 5; at++) {
      runs[at]!.end();
      await turn();
    }
    await Promise.all(answers);
    expect(runs.map(({ version, pictures }) => [version, pictures])).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['a', 1],
      ['b', 3],
    ]);
  });

  it('refuses what would wait too long, and fails only those that ran together', async () => {
    const { runs, ask, turn } = recorded({ maxWaiting: 2 });
    const [first, second] = [ask('a', 1), ask('a', 2, 3)];
    await expect(ask('a', 4)).rejects.toThrow('2 pictures wait already, of at most 2');
    runs[0]!.fail();
    await expect(first).rejects.toThrow('broken');
    await turn();
    runs[1]!.end();
    expect([...(await second).logits]).toEqual([4, 6]);
  });
});
