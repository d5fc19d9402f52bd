import { describe, expect, it } from 'vitest';
import { RandomNumbers } from './random.js';
import { type PairLength, sortedTokenBatches, tokenBatches } from './token-batches.js';

const random = new RandomNumbers(0, 'lengths');
const lengths: PairLength[] = Array.from({ length: 1000 }, () => ({
  source: 1 + random.int(50),
  target: 1 + random.int(50),
}));
const longest = (batch: Uint32Array): number =>
  Math.max(...Array.from(batch, (i) => Math.max(lengths[i]!.source, lengths[i]!.target)));

describe('tokenBatches', () => {
  const options = { maxTokens: 400, seed: 3, epoch: 1 };
  const batches = tokenBatches(lengths, options);

  it('has every sentence once, in batches of at most maxTokens with padding', () => {
    expect(batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    for (const batch of batches) expect(batch.length * longest(batch)).toBeLessThanOrEqual(400);
    // Sorted by length, so most of each batch is used.
    expect(batches.length * 400).toBeLessThan(
      2 * lengths.reduce((sum, { target, source }) => sum + Math.max(target, source), 0),
    );
  });

  it('is a function of seed and epoch, batches and their order', () => {
    expect(tokenBatches(lengths, options)).toEqual(batches);
    for (const other of [
      { ...options, epoch: 2 },
      { ...options, seed: 4 },
    ]) {
      const others = tokenBatches(lengths, other);
      expect(others).not.toEqual(batches);
      expect(new Set(others.map(String))).not.toEqual(new Set(batches.map(String)));
    }
  });

  it('keeps to a number of sentences and to a multiple of them', () => {
    for (const batch of tokenBatches(lengths, { ...options, maxSentences: 5 }))
      expect(batch.length).toBeLessThanOrEqual(5);
    const uneven = tokenBatches(lengths, { ...options, multipleOf: 4 }).filter(
      (batch) => batch.length > 4 && batch.length % 4,
    );
    expect(uneven.length).toBeLessThanOrEqual(1); // the longest sentences, cut last
  });

  it('has nothing of no sentences and refuses one that is longer than a batch', () => {
    expect(tokenBatches([], options)).toEqual([]);
    expect(() =>
      tokenBatches(
        [
          { source: 3, target: 3 },
          { source: 2, target: 401 },
        ],
        options,
      ),
    ).toThrow(
      'tokenBatches: expected sentences of at most 400 tokens, sentence 1 has 401. Leave it out, or raise maxTokens.',
    );
    expect(() => tokenBatches(lengths, { ...options, maxTokens: 0 })).toThrow('maxTokens to be a whole number from 1');
  });
});

describe('sortedTokenBatches', () => {
  it('begins with the longest and needs no seed', () => {
    const batches = sortedTokenBatches(lengths, { maxTokens: 400 });
    const targets = batches.map((batch) => Math.max(...Array.from(batch, (i) => lengths[i]!.target)));
    expect(targets).toEqual(targets.toSorted((a, b) => b - a));
    expect(targets[0]).toBe(50);
    expect(batches.flatMap((batch) => [...batch])).toHaveLength(1000);
  });
});
