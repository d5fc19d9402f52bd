/** The mean of each window (torch.nn.AvgPool2d). */
import { avgPool2d } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

export interface AvgPool2dOptions {
  /** Default: the kernel size. */
  readonly stride?: number;
  readonly padding?: number;
  readonly ceilMode?: boolean;
  /** Count the zeros of the padding in the mean. */
  readonly countIncludePad?: boolean;
}

/** [batch, channels, height, width] → [batch, channels, height', width']. */
export class AvgPool2d extends Module {
  readonly #kernelSize: number;
  readonly #options: Required<AvgPool2dOptions>;

  constructor(
    kernelSize: number,
    { stride = kernelSize, padding = 0, ceilMode = false, countIncludePad = true }: AvgPool2dOptions = {},
  ) {
    super();
    this.#kernelSize = kernelSize;
    this.#options = { stride, padding, ceilMode, countIncludePad };
  }

  override forward(input: Tensor): Tensor {
    return avgPool2d(input, this.#kernelSize, this.#options);
  }
}
