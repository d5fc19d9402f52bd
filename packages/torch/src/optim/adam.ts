/** Adam (Kingma & Ba, 2015; torch.optim.Adam) and AdamW (Loshchilov & Hutter, 2019; torch.optim.AdamW). */
import {
  _foreachAdd,
  _foreachAdd_,
  _foreachAddcdiv_,
  _foreachAddcmul_,
  _foreachMul_,
  _foreachSqrt,
} from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { MomentOptimizer } from './moment-optimizer.js';

export interface AdamOptions {
  readonly learningRate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

/** m ← β1 m + (1 − β1) g; v ← β2 v + (1 − β2) g²; θ ← θ − lr m̂ / (√v̂ + ε). Weight decay adds to the gradient. */
export class Adam extends MomentOptimizer {
  readonly #options: Required<Omit<AdamOptions, 'learningRate'>>;

  constructor({ learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamOptions = {}) {
    super(learningRate, ['exp_avg', 'exp_avg_sq']);
    this.#options = { beta1, beta2, epsilon, weightDecay };
  }

  /** The gradients to follow; AdamW shrinks the parameters instead. */
  protected decay(parameters: readonly Tensor[], gradients: readonly Tensor[], weightDecay: number): readonly Tensor[] {
    return weightDecay === 0 ? gradients : _foreachAdd(gradients, parameters, { alpha: weightDecay });
  }

  protected override update(parameters: readonly Tensor[], gradients: readonly Tensor[]): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#options;
    const [mean, square] = [this.moments.list('exp_avg'), this.moments.list('exp_avg_sq')];
    const decayed = this.decay(parameters, gradients, weightDecay);
    _foreachMul_(mean, beta1);
    _foreachAdd_(mean, decayed, { alpha: 1 - beta1 });
    _foreachMul_(square, beta2);
    _foreachAddcmul_(square, decayed, decayed, { value: 1 - beta2 });
    const root = _foreachSqrt(square);
    _foreachMul_(root, 1 / Math.sqrt(1 - beta2 ** this.moments.steps));
    _foreachAdd_(root, epsilon);
    _foreachAddcdiv_(parameters, mean, root, { value: -this.learningRate / (1 - beta1 ** this.moments.steps) });
  }
}

/** Adam whose weight decay shrinks the parameters by lr λ, apart from the gradient. */
export class AdamW extends Adam {
  constructor({ weightDecay = 1e-2, ...rest }: AdamOptions = {}) {
    super({ weightDecay, ...rest });
  }

  protected override decay(
    parameters: readonly Tensor[],
    gradients: readonly Tensor[],
    weightDecay: number,
  ): readonly Tensor[] {
    _foreachMul_(parameters, 1 - this.learningRate * weightDecay);
    return gradients;
  }
}
