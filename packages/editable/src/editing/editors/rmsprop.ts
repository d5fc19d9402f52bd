/** RMSProp (section 4.1): rms_0 = g_0², rms_{t+1} = β rms_t + (1 − β) g²; step α g / sqrt(rms + ε). */
import type { Tensor } from '@editable/torch';
import {
  complement,
  defineEditor,
  descendQuotient,
  type Editor,
  type Hyperparameter,
  learningRateRange,
  type polyak,
} from '../editor.js';

export interface RmspropOptions {
  readonly learningRate?: Hyperparameter | typeof polyak;
  readonly beta?: Hyperparameter;
  readonly epsilon?: Hyperparameter;
}

export interface RmspropState {
  readonly rms: readonly Tensor[] | undefined;
}

/** θ − α g / √(rms + ε) with rms ← β rms + (1 − β) g² (section 4.1): the paper's editor of choice. */
export const rmsprop = ({
  learningRate = 1e-3,
  beta = 0.5,
  epsilon = 1e-6,
}: RmspropOptions = {}): Editor<RmspropState> =>
  defineEditor<RmspropState>({
    name: 'rmsprop',
    hyperparameters: { learningRate, beta, epsilon },
    ranges: {
      learningRate: learningRateRange,
      beta: { min: 0, max: 1, logarithmic: false },
      epsilon: { min: 1e-30, max: 1, logarithmic: true },
    },
    init: () => ({ rms: undefined }),
    update: ({ theta, gradients }, { rms: before }, { learningRate: alpha = 0, beta: b = 0, epsilon: e = 0 }) => {
      const rms = gradients.map((g, i) => (before === undefined ? g.square() : mix(before[i]!, g, b)));
      const next = theta.map((t, i) => {
        const denominator = rms[i]!.add(e).sqrt();
        return descendQuotient(t, gradients[i]!, denominator, alpha);
      });
      return { theta: next, state: { rms } };
    },
  });

/** β rms + (1 − β) g², in two passes over memory where β is a plain number. */
const mix = (rms: Tensor, g: Tensor, beta: Hyperparameter): Tensor =>
  typeof beta === 'number'
    ? rms.mul(beta).addcmul(g, g, { value: 1 - beta })
    : rms.mul(beta).add(g.square().mul(complement(beta)));
