/**
 * Adam (Kingma & Ba, 2014) with bias correction; β1 is held in [0.1, 1], or it would become RMSProp (section 4.1).
 * ε stands inside the root, sqrt(v̂ + ε²): within ε of the original, and its second derivative is finite at v̂ = 0.
 */
import type { Tensor } from '@editable/torch';
import {
  defineEditor,
  descendQuotient,
  type Editor,
  type Hyperparameter,
  learningRateRange,
  type polyak,
} from '../editor.js';

export interface AdamOptions {
  readonly learningRate?: Hyperparameter | typeof polyak;
  readonly beta1?: Hyperparameter;
  readonly beta2?: Hyperparameter;
  readonly epsilon?: Hyperparameter;
}

/** Σ βᵗ⁻ⁱ gᵢ and Σ βᵗ⁻ⁱ: their quotient is the bias-corrected average, defined at β = 1 too. */
export interface Accumulated {
  readonly sums: readonly Tensor[];
  readonly weight: Hyperparameter;
}

export interface AdamState {
  readonly first: Accumulated | undefined;
  readonly second: Accumulated | undefined;
}

/** Adam (section 4.1); α is `learningRate`, or 'polyak': Polyak's step. */
export const adam = ({
  learningRate = 1e-3,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
}: AdamOptions = {}): Editor<AdamState> =>
  defineEditor<AdamState>({
    name: 'adam',
    hyperparameters: { learningRate, beta1, beta2, epsilon },
    ranges: {
      learningRate: learningRateRange,
      beta1: { min: 0.1, max: 1, logarithmic: false },
      beta2: { min: 0, max: 1, logarithmic: false },
      epsilon: { min: 1e-30, max: 1, logarithmic: true },
    },
    init: () => ({ first: undefined, second: undefined }),
    update: (
      { theta, gradients },
      state,
      { learningRate: alpha = 0, beta1: b1 = 0, beta2: b2 = 0, epsilon: e = 0 },
    ) => {
      const first = accumulate(state.first, gradients, b1);
      const second = accumulate(
        state.second,
        gradients.map((g) => g.square()),
        b2,
      );
      const guard = typeof e === 'number' ? e * e : e.square();
      const next = theta.map((t, i) => {
        const denominator = second.sums[i]!.div(second.weight).add(guard).sqrt();
        return descendQuotient(t, first.sums[i]!.div(first.weight), denominator, alpha);
      });
      return { theta: next, state: { first, second } };
    },
  });

function accumulate(before: Accumulated | undefined, values: readonly Tensor[], beta: Hyperparameter): Accumulated {
  if (before === undefined) return { sums: values, weight: 1 };
  const { weight } = before;
  const scaled = typeof beta === 'number' && typeof weight === 'number' ? beta * weight + 1 : plusOne(beta, weight);
  return { sums: values.map((value, i) => before.sums[i]!.mul(beta).add(value)), weight: scaled };
}

const plusOne = (beta: Hyperparameter, weight: Hyperparameter): Tensor =>
  typeof beta === 'number' ? (weight as Tensor).mul(beta).add(1) : beta.mul(weight).add(1);
