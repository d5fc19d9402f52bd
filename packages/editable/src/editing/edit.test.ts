import { modelOf, nn, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { constraint } from './constraint.js';
import { edit } from './edit.js';
import { gradientDescent } from './editors/index.js';

/** x → W (W x), W under two names. */
class Tied extends nn.Module {
  readonly first = Object.assign(new nn.Linear(1, 1, { bias: false }), { weight: nn.parameter(tensor([[2]])) });
  readonly second = Object.assign(new nn.Linear(1, 1, { bias: false }), { weight: this.first.weight });
  override stages(): readonly nn.Stage[] {
    return [this.first, this.second].map((part, i) => ({
      name: ['in', 'out'][i] as string,
      children: [['first', 'second'][i] as string],
      forward: (x, context) => part.forward(x, context),
    }));
  }
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.second.forward(this.first.forward(input, context), context);
  }
}

describe('edit', () => {
  it.each(['all', 'first', 'in', 'out'])('changes every use of a tied tensor, selected as %s', (layers) => {
    const model = modelOf(new Tied());
    const toOne = constraint(tensor([[1]]), (output) => output.select(1, 0).sum().sub(2));
    const editor = gradientDescent({ learningRate: 0.25 });
    const { model: edited, changed, steps, success } = edit(model, toOne, { editor, layers });
    // d/dw (w² − 2) = 2 w: one step from 2 to 2 − 0.25 · 4 = 1, where w² = 1.
    expect({ changed, steps, success }).toEqual({ changed: ['first.weight'], steps: 1, success: true });
    expect(nn.forward(edited, tensor([[3]])).item()).toBe(3);
    expect(nn.forward(model, tensor([[3]])).item()).toBe(12);
  });
});
