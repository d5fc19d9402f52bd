/** Momentum GD (section 4.1): ν_0 = 0, ν_{t+1} = α g + μ ν_t; θ − ν_{t+1}. */
import type { Tensor } from '@editable/torch';
import { defineEditor, type Editor, type Hyperparameter, learningRateRange, type polyak } from '../editor.js';

export interface MomentumOptions {
  readonly learningRate?: Hyperparameter | typeof polyak;
  readonly momentum?: Hyperparameter;
}

export interface MomentumState {
  readonly velocity: readonly Tensor[] | undefined;
}

/** θ − ν with ν ← α g + μ ν (section 4.1); μ is `momentum`. */
export const momentum = ({ learningRate = 1e-2, momentum: mu = 0.5 }: MomentumOptions = {}): Editor<MomentumState> =>
  defineEditor<MomentumState>({
    name: 'momentum',
    hyperparameters: { learningRate, momentum: mu },
    ranges: { learningRate: learningRateRange, momentum: { min: 0, max: 1, logarithmic: false } },
    init: () => ({ velocity: undefined }),
    update: ({ theta, gradients }, { velocity: before }, { learningRate: alpha = 0, momentum: m = 0 }) => {
      const velocity = gradients.map((g, i) =>
        before === undefined ? g.mul(alpha) : g.mul(alpha).add(before[i]!.mul(m)),
      );
      return { theta: theta.map((t, i) => t.sub(velocity[i]!)), state: { velocity } };
    },
  });
