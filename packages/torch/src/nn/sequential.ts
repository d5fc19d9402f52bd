/** Modules one after another, named by their position or as given (torch.nn.Sequential). */
import type { Tensor } from '../tensor.js';
import { type Context, Module } from './module.js';

export class Sequential extends Module {
  /** Modules by their names, as PyTorch's OrderedDict gives them, or in a row. */
  constructor(modules: readonly Module[] | Readonly<Record<string, Module>>) {
    super();
    for (const [name, value] of Object.entries(modules)) Object.defineProperty(this, name, { value, enumerable: true });
  }

  override forward(input: Tensor, context: Context): Tensor {
    return Object.values(this).reduce((value: Tensor, module: Module) => module.forward(value, context), input);
  }
}
