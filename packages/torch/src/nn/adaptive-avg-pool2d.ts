/** Means over as many windows as asked for (torch.nn.AdaptiveAvgPool2d). */
import { adaptiveAvgPool2d } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/** [batch, channels, height, width] → [batch, channels, ...outputSize]. */
export class AdaptiveAvgPool2d extends Module {
  readonly #outputSize: number | readonly [number, number];

  constructor(outputSize: number | readonly [number, number]) {
    super();
    this.#outputSize = outputSize;
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool2d(input, this.#outputSize);
  }
}
