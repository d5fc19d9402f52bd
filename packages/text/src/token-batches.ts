/** Batches of sentences of like length, bounded by their tokens: the sentences of an epoch, a function of seed and epoch. */
import { checkCount, TextError } from './errors.js';
import { permutation, RandomNumbers } from './random.js';

/** Tokens of a sentence and of its translation, `</s>` included; for a text alone give 0 as the target's. */
export interface PairLength {
  readonly source: number;
  readonly target: number;
}

/** How large batches are, and which epoch they are of. */
export interface TokenBatchOptions {
  /** A batch's sentences times its longest side, padding included, is at most this. */
  readonly maxTokens: number;
  readonly maxSentences?: number;
  /** A batch of more sentences than this has a multiple of it (fairseq: 8). */
  readonly multipleOf?: number;
  readonly seed: number;
  readonly epoch: number;
}

/**
 * The batches of an epoch as indices: sentences sorted by target's, then source's length, equal ones at random, cut into
 * batches, and the batches shuffled. Every sentence is in exactly one. Throws `INVALID_ARGUMENT` naming a sentence that is
 * longer than a batch.
 * @example tokenBatches(lengths, { maxTokens: 4096, seed: 0, epoch: 3 })
 */
export function tokenBatches(lengths: readonly PairLength[], options: TokenBatchOptions): Uint32Array[] {
  const { seed, epoch } = options;
  checkOptions(options);
  checkLengths(lengths, options.maxTokens);
  const mixed = permutation(lengths.length, new RandomNumbers(seed, 'sentence-order', epoch));
  const batches = cutBatches(byLength(mixed, lengths), lengths, options);
  const order = permutation(batches.length, new RandomNumbers(seed, 'batch-order', epoch));
  return Array.from(order, (i) => batches[i]!);
}

/** The batches for evaluation: by length, the longest first, so that memory runs out at once if it does; no randomness. */
export function sortedTokenBatches(
  lengths: readonly PairLength[],
  options: Omit<TokenBatchOptions, 'seed' | 'epoch'>,
): Uint32Array[] {
  checkOptions({ ...options, seed: 0, epoch: 0 });
  checkLengths(lengths, options.maxTokens);
  const inOrder = Uint32Array.from(lengths, (_, i) => i);
  return cutBatches(byLength(inOrder, lengths), lengths, options).reverse();
}

/** Sorting is stable, so equal lengths keep the order they come in. */
const byLength = (order: Uint32Array, lengths: readonly PairLength[]): number[] =>
  Array.from(order).sort((a, b) => {
    const [one, other] = [lengths[a]!, lengths[b]!];
    return one.target - other.target || one.source - other.source;
  });

const longestSide = ({ source, target }: PairLength): number => Math.max(source, target);

function cutBatches(
  sorted: readonly number[],
  lengths: readonly PairLength[],
  { maxTokens, maxSentences = Number.MAX_SAFE_INTEGER, multipleOf = 1 }: Omit<TokenBatchOptions, 'seed' | 'epoch'>,
): Uint32Array[] {
  const batches: Uint32Array[] = [];
  for (let start = 0; start < sorted.length; ) {
    let [end, longest] = [start, 0];
    while (end < sorted.length && end - start < maxSentences) {
      const wider = Math.max(longest, longestSide(lengths[sorted[end]!]!));
      if (wider * (end - start + 1) > maxTokens) break;
      longest = wider;
      end++;
    }
    const size = end - start;
    // The last batch takes what is left.
    if (end < sorted.length && size > multipleOf) end -= size % multipleOf;
    batches.push(Uint32Array.from(sorted.slice(start, end)));
    start = end;
  }
  return batches;
}

function checkOptions({ maxTokens, maxSentences = 1, multipleOf = 1, epoch }: TokenBatchOptions): void {
  checkCount('tokenBatches', 'maxTokens', maxTokens, 1);
  checkCount('tokenBatches', 'maxSentences', maxSentences, 1);
  checkCount('tokenBatches', 'multipleOf', multipleOf, 1);
  checkCount('tokenBatches', 'epoch', epoch);
}

function checkLengths(lengths: readonly PairLength[], maxTokens: number): void {
  lengths.forEach((pair, i) => {
    checkCount('tokenBatches', `the source length of sentence ${i}`, pair.source);
    checkCount('tokenBatches', `the target length of sentence ${i}`, pair.target);
    if (longestSide(pair) <= maxTokens) return;
    throw new TextError(
      'INVALID_ARGUMENT',
      `tokenBatches: expected sentences of at most ${maxTokens} tokens, sentence ${i} has ${longestSide(pair)}. Leave it out, or raise maxTokens.`,
    );
  });
}
