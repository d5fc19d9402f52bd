/**
 * Random numbers that are a function of a seed and the labels of their use, the same on every machine. Generator: sfc32
 * (Chris Doty-Humphrey, PractRand), its state the first 96 bits of SHA-256 of seed and labels, and a counter from 1.
 */
import { createHash } from 'node:crypto';
import { TextError } from './errors.js';

/** What a function here needs of a stream of random numbers; `RandomStream` of `editable` is one as well. */
export interface RandomSource {
  /** A uniform integer in [0, below). */
  int(below: number): number;
}

/** @example new RandomNumbers(7, 'order', epoch).int(9) */
export class RandomNumbers implements RandomSource {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, ...labels: readonly (string | number)[]) {
    if (!Number.isSafeInteger(seed)) {
      throw new TextError(
        'INVALID_ARGUMENT',
        `RandomNumbers: expected a seed that is a whole number, received ${seed}.`,
      );
    }
    const digest = createHash('sha256')
      .update(JSON.stringify([seed, ...labels]))
      .digest();
    [this.#a, this.#b, this.#c] = [digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8)];
  }

  /** The next 32 random bits, as an integer in [0, 2³²). */
  uint32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A uniform integer in [0, below), without modulo bias; `below` is an integer from 1 to 2³². */
  int(below: number): number {
    const accepted = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const draw = this.uint32();
      if (draw < accepted) return draw % below;
    }
  }
}

/** The integers of [0, length) in random order (Fisher–Yates). */
export function permutation(length: number, random: RandomSource): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
