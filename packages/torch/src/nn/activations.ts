/** Activation functions as layers (torch.nn.ReLU, ReLU6, Hardsigmoid, Hardswish, ELU, GELU). */
import { elu, gelu, hardtanh, relu } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/** max(0, x). */
export class ReLU extends Module {
  override forward(input: Tensor): Tensor {
    return relu(input);
  }
}

/** min(max(0, x), 6). */
export class ReLU6 extends Module {
  override forward(input: Tensor): Tensor {
    return hardtanh(input, { minVal: 0, maxVal: 6 });
  }
}

/** min(max(0, x + 3), 6) / 6. */
export class Hardsigmoid extends Module {
  override forward(input: Tensor): Tensor {
    return hardsigmoid(input);
  }
}

/** x min(max(0, x + 3), 6) / 6 (Howard et al., 2019). */
export class Hardswish extends Module {
  override forward(input: Tensor): Tensor {
    return input.mul(hardsigmoid(input));
  }
}

/** x where positive, else alpha (exp(x) − 1). */
export class ELU extends Module {
  readonly #alpha: number;

  constructor({ alpha = 1 }: { readonly alpha?: number } = {}) {
    super();
    this.#alpha = alpha;
  }

  override forward(input: Tensor): Tensor {
    return elu(input, { alpha: this.#alpha });
  }
}

/** x Φ(x), exact or by its usual approximation with tanh. */
export class GELU extends Module {
  readonly #approximate: 'none' | 'tanh';

  constructor({ approximate = 'none' }: { readonly approximate?: 'none' | 'tanh' } = {}) {
    super();
    this.#approximate = approximate;
  }

  override forward(input: Tensor): Tensor {
    return gelu(input, { approximate: this.#approximate });
  }
}

/** By hardtanh, which has a second derivative in every libtorch. */
const hardsigmoid = (input: Tensor): Tensor => hardtanh(input.add(3), { minVal: 0, maxVal: 6 }).div(6);
