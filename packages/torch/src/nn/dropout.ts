/** Zeroes elements at random in training and scales up the rest (torch.nn.Dropout). */
import { TorchError } from '../errors.js';
import { dropout } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { type Context, Module } from './module.js';

export class Dropout extends Module {
  readonly #probability: number;

  /** @throws TorchError INVALID_ARGUMENT unless `probability` lies within 0 and 1. */
  constructor(probability = 0.5) {
    super();
    if (!(probability >= 0 && probability <= 1)) {
      throw new TorchError('INVALID_ARGUMENT', `Dropout: expected a probability from 0 to 1, received ${probability}.`);
    }
    this.#probability = probability;
  }

  override forward(input: Tensor, context: Context): Tensor {
    if (!context.training || this.#probability === 0) return input;
    return dropout(input, this.#probability, true);
  }
}
