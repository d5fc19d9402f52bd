/** Joins dimensions into one (torch.nn.Flatten). */
import { flatten } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/** [batch, ...rest] → [batch, product of rest], or the dimensions from `startDim` to `endDim`. */
export class Flatten extends Module {
  readonly #options: { readonly startDim: number; readonly endDim: number };

  constructor({ startDim = 1, endDim = -1 }: { readonly startDim?: number; readonly endDim?: number } = {}) {
    super();
    this.#options = { startDim, endDim };
  }

  override forward(input: Tensor): Tensor {
    return flatten(input, this.#options);
  }
}
