/** Scaled GD (section 4.1): gradient descent with α divided by the global norm of the first step's gradient. */
import { stack, type Tensor } from '@editable/torch';
import { defineEditor, descend, type Editor, type Hyperparameter, learningRateRange, type polyak } from '../editor.js';

export interface ScaledGradientDescentOptions {
  readonly learningRate?: Hyperparameter | typeof polyak;
}

/** 1 / ‖g₀‖ over all edited tensors; undefined before the first step. */
export interface ScaledState {
  readonly inverseNorm: Tensor | undefined;
}

/** θ − α g / ‖g_0‖, by the norm of the first step's gradient over all edited tensors (section 4.1). */
export const scaledGradientDescent = ({
  learningRate = 1e-1,
}: ScaledGradientDescentOptions = {}): Editor<ScaledState> =>
  defineEditor<ScaledState>({
    name: 'scaled-gd',
    hyperparameters: { learningRate },
    ranges: { learningRate: learningRateRange },
    init: () => ({ inverseNorm: undefined }),
    update: ({ theta, gradients }, state, { learningRate: alpha = 0 }) => {
      const inverseNorm =
        state.inverseNorm ??
        stack(gradients.map((g) => g.square().sum()))
          .sum()
          .rsqrt();
      return { theta: theta.map((t, i) => descend(t, gradients[i]!.mul(inverseNorm), alpha)), state: { inverseNorm } };
    },
  });
