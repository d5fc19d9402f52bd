/**
 * Adam (Kingma & Ba, 2014) with bias correction; β1 is held in [0.1, 1], or it would become RMSProp (section 4.1).
 * ε stands inside the root, sqrt(v̂ + ε²): within ε of the original, and its second derivative is finite at v̂ = 0.
 */
import type { Tensor } from '@editable/torch';
import {
  complement,
  defineEditor,
  descendQuotient,
  type Editor,
  type Hyperparameter,
  learningRateRange,
  scale,
} from '../editor.js';

export interface AdamOptions {
  readonly learningRate?: Hyperparameter;
  readonly beta1?: Hyperparameter;
  readonly beta2?: Hyperparameter;
  readonly epsilon?: Hyperparameter;
}

export interface AdamState {
  readonly step: number;
  readonly first: readonly Tensor[] | undefined;
  readonly second: readonly Tensor[] | undefined;
}

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
    init: () => ({ step: 0, first: undefined, second: undefined }),
    update: (theta, gradients, state, { learningRate: alpha = 0, beta1: b1 = 0, beta2: b2 = 0, epsilon: e = 0 }) => {
      const step = state.step + 1;
      const first = average(state.first, gradients, b1);
      const second = average(
        state.second,
        gradients.map((g) => g.square()),
        b2,
      );
      const correction1 = biasCorrection(b1, step);
      const correction2 = biasCorrection(b2, step);
      const guard = typeof e === 'number' ? e * e : e.square();
      const next = theta.map((t, i) => {
        const denominator = divide(second[i]!, correction2).add(guard).sqrt();
        return descendQuotient(t, divide(first[i]!, correction1), denominator, alpha);
      });
      return { theta: next, state: { step, first, second } };
    },
  });

const average = (before: readonly Tensor[] | undefined, values: readonly Tensor[], beta: Hyperparameter): Tensor[] =>
  values.map((value, i) => {
    const fresh = scale(value, complement(beta));
    return before === undefined ? fresh : scale(before[i]!, beta).add(fresh);
  });

/** 1 − βᵗ; β = 1 never moves, so it is not corrected either. */
const biasCorrection = (beta: Hyperparameter, step: number): Hyperparameter =>
  typeof beta === 'number' ? (beta === 1 ? 1 : 1 - beta ** step) : complement(beta.pow(step));

const divide = (value: Tensor, by: Hyperparameter): Tensor => value.div(by);
