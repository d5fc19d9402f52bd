/** Gradient descent (equation 1): θ − α g. */
import { defineEditor, descend, type Editor, type Hyperparameter, learningRateRange, type polyak } from '../editor.js';

export interface GradientDescentOptions {
  readonly learningRate?: Hyperparameter | typeof polyak;
}

/** θ − α g (equation 1); α is `learningRate`, or 'polyak': l_e / ‖g‖². */
export const gradientDescent = ({ learningRate = 1e-2 }: GradientDescentOptions = {}): Editor<null> =>
  defineEditor<null>({
    name: 'gd',
    hyperparameters: { learningRate },
    ranges: { learningRate: learningRateRange },
    init: () => null,
    update: ({ theta, gradients }, state, { learningRate: alpha = 0 }) => ({
      theta: theta.map((t, i) => descend(t, gradients[i]!, alpha)),
      state,
    }),
  });
