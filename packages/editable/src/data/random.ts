/**
 * Random numbers without stored state: a stream is a function of a seed and the labels of its use, so a run resumes at
 * any step by asking for that step's stream. Generator: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", ACM TOMS 47, 2021), its state the first 128 bits of SHA-256 of seed and labels.
 */
import { createHash } from 'node:crypto';
import { EditableError } from '../errors.js';

export type RandomState = readonly [number, number, number, number];

/** A sequence of random draws; the same state gives the same sequence on every machine. */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** Starts from four 32-bit words, not all zero. */
  constructor([a, b, c, d]: RandomState) {
    if ((a | b | c | d) === 0) {
      throw new EditableError('INVALID_ARGUMENT', 'RandomStream: expected four 32-bit words not all zero.');
    }
    [this.#a, this.#b, this.#c, this.#d] = [a | 0, b | 0, c | 0, d | 0];
  }

  /** The next 32 random bits, as an integer in [0, 2³²). */
  uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return result >>> 0;
  }

  /** A uniform integer in [0, below), without modulo bias; `below` is an integer from 1 to 2³². */
  int(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > 2 ** 32) {
      throw new EditableError(
        'INVALID_ARGUMENT',
        `RandomStream.int: expected a bound from 1 to 2^32, received ${below}.`,
      );
    }
    const accepted = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const draw = this.uint32();
      if (draw < accepted) return draw % below;
    }
  }

  /** A uniform number in [0, 1) with all 53 bits of a double. */
  float(): number {
    const high = this.uint32() >>> 5;
    return (high * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53;
  }

  /** A uniform number in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.float();
  }

  /** A standard normal number (Box–Muller; always two uniform draws, so the stream's position stays predictable). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.float()));
    return radius * Math.cos(2 * Math.PI * this.float());
  }

  /** The state of another stream, from this one's next four draws. */
  branch(): RandomState {
    return [this.uint32(), this.uint32(), this.uint32(), this.uint32()];
  }

  /** `count` different integers of [0, length) in random order (Fisher–Yates, stopped early). */
  sample(length: number, count: number): Uint32Array {
    if (!Number.isInteger(count) || count < 0 || count > length) {
      throw new EditableError(
        'INVALID_ARGUMENT',
        `RandomStream.sample: expected a count from 0 to ${length}, received ${count}.`,
      );
    }
    const items = Uint32Array.from({ length }, (_, index) => index);
    for (let i = 0; i < count; i++) {
      const j = i + this.int(length - i);
      const swapped = items[i]!;
      items[i] = items[j]!;
      items[j] = swapped;
    }
    return items.slice(0, count);
  }

  /** All integers of [0, length) in random order. */
  permutation(length: number): Uint32Array {
    return this.sample(length, length);
  }
}

/**
 * The random stream that belongs to a seed and the labels of its use; different labels give independent streams.
 * @example stream(7, 'augmentation', step).int(9)
 */
export function stream(seed: number, ...labels: readonly (string | number)[]): RandomStream {
  if (!Number.isSafeInteger(seed)) {
    throw new EditableError('INVALID_ARGUMENT', `stream: expected a seed that is a whole number, received ${seed}.`);
  }
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...labels]))
    .digest();
  return new RandomStream([0, 4, 8, 12].map((at) => digest.readUInt32LE(at)) as unknown as RandomState);
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
