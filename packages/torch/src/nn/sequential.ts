/** Modules one after another, named by their position (torch.nn.Sequential). */
import type { Tensor } from '../tensor.js';
import { type Context, Module } from './module.js';

export class Sequential extends Module {
  constructor(modules: readonly Module[]) {
    super();
    for (const [i, module] of modules.entries()) Object.defineProperty(this, i, { value: module, enumerable: true });
  }

  override forward(input: Tensor, context: Context): Tensor {
    return Object.values(this).reduce((value: Tensor, module: Module) => module.forward(value, context), input);
  }
}
