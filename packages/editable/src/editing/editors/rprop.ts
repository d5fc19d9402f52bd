/** RProp (section 4.1; sign descent as in Bernstein et al., 2018): θ − α sign(g). */
import { defineEditor, descend, type Editor, type Hyperparameter, learningRateRange, type polyak } from '../editor.js';

export interface RpropOptions {
  readonly learningRate?: Hyperparameter | typeof polyak;
}

/** θ − α sign(g) (section 4.1). */
export const rprop = ({ learningRate = 1e-3 }: RpropOptions = {}): Editor<null> =>
  defineEditor<null>({
    name: 'rprop',
    hyperparameters: { learningRate },
    ranges: { learningRate: learningRateRange },
    init: () => null,
    update: ({ theta, gradients }, state, { learningRate: alpha = 0 }) => ({
      theta: theta.map((t, i) => descend(t, gradients[i]!.sign(), alpha)),
      state,
    }),
  });
