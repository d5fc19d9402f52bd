/** Which images make up which batch: a function of seed and step alone, so that training resumes at any step. */
import { EditableError } from '../errors.js';
import { stream } from './random.js';

/** The order in which epoch `epoch` visits a split of `length` images. */
export function epochOrder(length: number, seed: number, epoch: number): Uint32Array {
  return stream(seed, 'epoch-order', epoch).permutation(length);
}

export interface BatchScheduleOptions {
  readonly batchSize: number;
  readonly seed: number;
}

/**
 * Training batches by step: every epoch in a new order. What is left at an epoch's end and fills no batch is dropped, since
 * BatchNorm statistics of a few images would be noise; another order drops other images.
 * @example new BatchSchedule(60000, { batchSize: 128, seed: 0 }).at(1000)
 */
export class BatchSchedule {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly #length: number;
  readonly #seed: number;
  // The current epoch's order, kept only so that it is not drawn again for every step.
  #order: { epoch: number; indices: Uint32Array } | undefined;

  constructor(length: number, { batchSize, seed }: BatchScheduleOptions) {
    checkBatchSize('BatchSchedule', batchSize);
    if (batchSize > length) {
      throw new EditableError(
        'INVALID_ARGUMENT',
        `BatchSchedule: expected a batch size of at most the ${length} images there are, received ${batchSize}.`,
      );
    }
    this.batchSize = batchSize;
    this.stepsPerEpoch = Math.floor(length / batchSize);
    this.#length = length;
    this.#seed = seed;
  }

  /** The image indices of step `step`, counted from 0 over all epochs. */
  at(step: number): Uint32Array {
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (this.#order?.epoch !== epoch) {
      this.#order = { epoch, indices: epochOrder(this.#length, this.#seed, epoch) };
    }
    const start = (step % this.stepsPerEpoch) * this.batchSize;
    return this.#order.indices.slice(start, start + this.batchSize);
  }
}

/** Indices 0 … length − 1 in order and in batches, the last one possibly smaller: for evaluation. */
export function* sequentialBatches(length: number, batchSize: number): Generator<Uint32Array, void, undefined> {
  checkBatchSize('sequentialBatches', batchSize);
  for (let start = 0; start < length; start += batchSize) {
    yield Uint32Array.from({ length: Math.min(batchSize, length - start) }, (_, i) => start + i);
  }
}

function checkBatchSize(caller: string, batchSize: number): void {
  if (Number.isInteger(batchSize) && batchSize >= 1) return;
  throw new EditableError('INVALID_ARGUMENT', `${caller}: expected a batch size of 1 or more, received ${batchSize}.`);
}
