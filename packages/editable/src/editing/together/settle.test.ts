/** Settling: what control inputs answer is kept better, and every repair stays in force. */
import { cat, manualSeed, memory, modelOf, nn, noGrad, randn, scope, type Tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { classification } from '../constraints/classification.js';
import { type Curvature, withSettling } from '../curvature/curvature.js';
import { KroneckerCurvature, kroneckerFactors } from '../curvature/kronecker.js';
import { natural } from '../editors/index.js';
import { ControlLocality } from '../locality.js';
import { type EditTogetherResult, editTogether } from './edit-together.js';

class Net extends nn.Module {
  readonly first = new nn.Linear(8, 24);
  readonly second = new nn.Linear(24, 5);
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.second.forward(this.first.forward(input, context).tanh(), context);
  }
}

manualSeed(8);
const model = modelOf(new Net());
const names = [...model.parameters.keys()];
const theta = names.map((name) => model.parameters.get(name) as Tensor);
const [control, unseen] = [randn([200, 8]), randn([200, 8])];
const kronecker = new KroneckerCurvature(kroneckerFactors(model, [control], { names, classes: 5 }), { damping: 0.01 });
const batches = (): Tensor[] => control.split(50) as Tensor[];
const settled = (steps: number, groups = 2): Curvature =>
  withSettling(kronecker, { locality: new ControlLocality(model, batches(), { names, groups }), steps });

const repairs = Array.from({ length: 4 }, () => randn([1, 8])).map((input, i) =>
  classification(input, (nn.forward(model, input).argmax({ dim: 1 }).item() + 1 + i) % 5),
);
const solve = (curvature: Curvature, constraints = repairs): EditTogetherResult =>
  editTogether(model, constraints, { editor: natural({ curvature }) });

/** Mean KL(model ‖ edited) over inputs. */
const divergence = (edited: nn.Model, inputs: Tensor): number =>
  scope(() =>
    noGrad(() => {
      const [p, q] = [model, edited].map((each) => nn.forward(each, inputs).logSoftmax(1)) as [Tensor, Tensor];
      return p.exp().mul(p.sub(q)).sum([1]).mean().item();
    }),
  );

describe('settling', () => {
  const plain = solve(kronecker);
  const own = solve(settled(16));

  it('keeps answers on control inputs, and on inputs that it has not seen, better, with every repair in force', () => {
    expect([plain.success, own.success]).toEqual([true, true]);
    for (const { input, loss } of repairs) expect(loss(nn.forward(own.model, input)).item()).toBeLessThanOrEqual(0);
    expect(divergence(own.model, control)).toBeLessThan(0.8 * divergence(plain.model, control));
    expect(divergence(own.model, unseen)).toBeLessThan(0.9 * divergence(plain.model, unseen));
    expect(own.steps).toBe(plain.steps);
  });

  it('gives equal bits in any order and at any time', () => {
    const again = solve(settled(16), [...repairs].reverse());
    for (const name of names)
      expect(again.model.parameters.get(name)?.tolist()).toEqual(own.model.parameters.get(name)?.tolist());
  });

  it('does nothing where there is nothing to repair, or in no steps', () => {
    const holding = classification(repairs[0]!.input, nn.forward(model, repairs[0]!.input).argmax({ dim: 1 }).item());
    expect(solve(settled(16), [holding]).model).toBe(model);
    const none = solve(settled(0));
    for (const name of names)
      expect(none.model.parameters.get(name)?.tolist()).toEqual(plain.model.parameters.get(name)?.tolist());
  });

  it('leaves contradicting repairs as they were without it', () => {
    const { input } = repairs[0]!;
    const both = [classification(input, 0), classification(input, 1)];
    expect(solve(settled(4), both).success).toBe(false);
  });

  it('says what it did in the identity that evaluations are kept under', () => {
    expect(settled(16).identity).toEqual({ ...kronecker.identity, settling: { steps: 16, groups: 2 } });
  });
});

describe('ControlLocality', () => {
  it('is 0 where nothing changed, and each group has a mean of its own', () => {
    using locality = new ControlLocality(model, batches(), { names, groups: 2 });
    expect(locality.divergence(theta, 0)).toBeCloseTo(0, 6);
    const moved = theta.map((each) => each.mul(1.1));
    const edited = model.with({ parameters: new Map(names.map((name, i) => [name, moved[i] as Tensor])) });
    const parts = batches();
    for (const group of [0, 1]) {
      const inputs = cat([parts[group] as Tensor, parts[group + 2] as Tensor]);
      expect(locality.divergence(moved, group)).toBeCloseTo(divergence(edited, inputs), 6);
    }
  });

  it('has the gradient of finite differences', () => {
    using locality = new ControlLocality(model, batches(), { names });
    const moved = theta.map((each) => each.mul(1.2));
    const { divergence: at, gradients } = locality.gradient(moved, 0);
    expect(at).toBeCloseTo(locality.divergence(moved, 0), 6);
    const way = moved.map((each) => randn([...each.shape]));
    const along = gradients.reduce(
      (sum, each, i) =>
        sum +
        each
          .mul(way[i] as Tensor)
          .sum()
          .item(),
      0,
    );
    const shifted = (by: number): number =>
      locality.divergence(
        moved.map((each, i) => each.add(way[i] as Tensor, { alpha: by })),
        0,
      );
    expect((shifted(1e-2) - shifted(-1e-2)) / 2e-2).toBeCloseTo(along, 2);
  });

  it('frees what it keeps', () => {
    const before = memory().tensors;
    scope(() => {
      new ControlLocality(model, batches(), { names })[Symbol.dispose]();
    });
    expect(memory().tensors).toBe(before);
  });
});
