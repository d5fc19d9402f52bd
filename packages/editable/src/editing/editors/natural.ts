/**
 * Natural-gradient editor: the step that meets the linearised constraint at least locality loss (equation 4),
 * θ − (l_e + m) F⁻¹g / (gᵀ F⁻¹ g), a projection in the metric F (Amari, 1998). It has no learning rate.
 */
import { EditableError } from '../../errors.js';
import type { Curvature } from '../curvature/curvature.js';
import { defineEditor, type Editor, type Hyperparameter, innerProduct, plus } from '../editor.js';

export interface NaturalOptions {
  /** Of the edited parameters, in their order; a constant for whoever differentiates through the step. No step without it. */
  readonly curvature?: Curvature | undefined;
  /** m: how far beyond the boundary a step aims, in nats. Without it steps end just short of the boundary. */
  readonly overshoot?: Hyperparameter;
}

export const natural = ({ curvature, overshoot = 1 }: NaturalOptions = {}): Editor<null> =>
  defineEditor<null>({
    name: 'natural',
    hyperparameters: { overshoot },
    ranges: { overshoot: { min: 0, max: 100, logarithmic: false } },
    ...(curvature === undefined ? {} : { curvature }),
    init: () => null,
    update: ({ theta, gradients, loss }, state, { overshoot: beyond = 0 }) => {
      if (curvature === undefined) {
        throw new EditableError(
          'NO_CURVATURE',
          'natural: expected a curvature of the edited parameters, received none; make one of control inputs and give natural({ curvature }).',
        );
      }
      const direction = curvature.solve(gradients.map((g) => g.unsqueeze(0))).map((each) => each.squeeze(0));
      const size = plus(loss, beyond).div(innerProduct(gradients, direction));
      return { theta: theta.map((t, i) => t.sub(direction[i]!.mul(size))), state };
    },
  });
