import { manualSeed, modelOf, nn, noGrad, randn, type Tensor, tensor, zeros } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { type Constraint, constraint } from './constraint.js';
import { classification } from './constraints/classification.js';
import { KroneckerCurvature, kroneckerFactors } from './curvature/kronecker.js';
import { edit } from './edit.js';
import { gradientDescent, natural } from './editors/index.js';

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

type Pair = { readonly left: Tensor; readonly right: Tensor };

/** Two tensors in, two handed on, one out. */
class Compared extends nn.Module<Pair> {
  readonly both = new nn.Linear(4, 6);
  readonly fc = new nn.Linear(6, 3);
  override stages(): readonly nn.Stage<Pair, Tensor | Pair>[] {
    return [
      {
        name: 'stem',
        children: ['both'],
        forward: ({ left, right }, context) => ({
          left: this.both.forward(left, context).tanh(),
          right: this.both.forward(right, context).tanh(),
        }),
      },
      {
        name: 'head',
        children: ['fc'],
        forward: ({ left, right }, context) => this.fc.forward(left.mul(right), context),
      },
    ];
  }
  override forward(): Tensor {
    throw new Error('runs by its stages');
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

  it('edits a model that takes a tree of tensors, by gradient and by curvature', () => {
    manualSeed(3);
    const model = modelOf<Pair>(new Compared());
    const input: Pair = { left: randn([1, 4]), right: randn([1, 4]) };
    const wanted = (nn.forward(model, input).argmax({ dim: 1 }).item() + 1) % 3;
    const names = ['fc.weight', 'fc.bias'];
    const control = noGrad(() => model.call({ left: randn([40, 4]), right: randn([40, 4]) }, { to: 1 }).output);
    const curvature = new KroneckerCurvature(kroneckerFactors(model, [control], { names, classes: 3 }), {
      damping: 0.01,
    });
    const want: Constraint<Pair> = { ...classification(zeros([1]), wanted), input };
    for (const editor of [gradientDescent({ learningRate: 0.5 }), natural({ curvature })]) {
      const { model: edited, success, changed } = edit(model, want, { editor, layers: names });
      expect({ success, changed }).toEqual({ success: true, changed: names });
      expect(nn.forward(edited, input).argmax({ dim: 1 }).item()).toBe(wanted);
    }
  });
});
