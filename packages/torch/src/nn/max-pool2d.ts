/** The largest value of each window (torch.nn.MaxPool2d). */
import { maxPool2d } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

export interface MaxPool2dOptions {
  /** Default: the kernel size. */
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  /** Round the output size up, so that the last windows may reach over the edge. */
  readonly ceilMode?: boolean;
}

/** [batch, channels, height, width] → [batch, channels, height', width']. */
export class MaxPool2d extends Module {
  readonly #kernelSize: number;
  readonly #options: Required<MaxPool2dOptions>;

  constructor(
    kernelSize: number,
    { stride = kernelSize, padding = 0, dilation = 1, ceilMode = false }: MaxPool2dOptions = {},
  ) {
    super();
    this.#kernelSize = kernelSize;
    this.#options = { stride, padding, dilation, ceilMode };
  }

  override forward(input: Tensor): Tensor {
    return maxPool2d(input, this.#kernelSize, this.#options);
  }
}
