import { cat, manualSeed, modelOf, nn, noGrad, randn, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { type Constraint, constraint } from '../constraint.js';
import { classification, repairOf } from '../constraints/classification.js';
import { regression } from '../constraints/regression.js';
import { JacobianCurvature, jacobianRows } from '../curvature/jacobian.js';
import { KroneckerCurvature, kroneckerFactors } from '../curvature/kronecker.js';
import { edit } from '../edit.js';
import { gradientDescent, natural } from '../editors/index.js';
import { firstStageOf } from '../layers.js';
import { editTogether, receivedBy } from './edit-together.js';

/** Two stages, of which only the second is edited. */
class Staged extends nn.Module {
  readonly stem = new nn.Linear(8, 12);
  readonly hidden = new nn.Linear(12, 24);
  readonly fc = new nn.Linear(24, 5);
  override stages(): readonly nn.Stage[] {
    return [
      { name: 'first', children: ['stem'], forward: (x, context) => this.stem.forward(x, context).tanh() },
      {
        name: 'second',
        children: ['hidden', 'fc'],
        forward: (x, context) => this.fc.forward(this.hidden.forward(x, context).tanh(), context),
      },
    ];
  }
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, { forward }) => forward(value, context), input);
  }
}

manualSeed(8);
const model = modelOf(new Staged());
const names = ['hidden.weight', 'hidden.bias', 'fc.weight', 'fc.bias'];
const from = firstStageOf(model, names);
const receive = (input: Tensor): Tensor => noGrad(() => model.call(input, { to: from }).output);
const control = receive(randn([60, 8]));
const curvature = new KroneckerCurvature(kroneckerFactors(model, [control], { names, classes: 5 }), { damping: 0.01 });
const editor = natural({ curvature });

const inputs = Array.from({ length: 12 }, () => randn([1, 8]));
const answerOf = (of: nn.Model, input: Tensor): number => nn.forward(of, input).argmax({ dim: 1 }).item();
const another = (input: Tensor, by = 1): number => (answerOf(model, input) + by) % 5;
const repairs = inputs.map((input) => classification(input, another(input)));
const bits = (of: nn.Model): unknown => names.map((name) => of.parameters.get(name)?.tolist());
const distance = (a: nn.Model, b: nn.Model): number =>
  Math.max(...names.map((name) => a.parameters.get(name)!.sub(b.parameters.get(name)!).abs().max().item()));
const inForce = (of: nn.Model, constraints: readonly Constraint[]): boolean[] =>
  constraints.map((each) => each.loss(nn.forward(of, each.input)).item() <= 0);

describe('editTogether', () => {
  const all = editTogether(model, repairs, { editor });

  it('brings every constraint into force at once, and leaves the base as it was', () => {
    const before = bits(model);
    expect(all).toMatchObject({ success: true, conflicts: [], changed: names });
    expect(all.steps).toBeLessThan(15);
    expect(inForce(all.model, repairs)).toEqual(repairs.map(() => true));
    expect(inForce(model, repairs)).toEqual(repairs.map(() => false));
    expect(all.losses).toEqual(repairs.map(() => 0));
    expect(all.model.parameters.get('stem.weight')).toBe(model.parameters.get('stem.weight'));
    expect(bits(model)).toEqual(before);
  });

  it('gives equal bits in any order', () => {
    for (const order of [[...repairs].reverse(), [...repairs.slice(5), ...repairs.slice(0, 5)]]) {
      const again = editTogether(model, order, { editor });
      expect(bits(again.model)).toEqual(bits(all.model));
      expect(again.steps).toBe(all.steps);
    }
  });

  it('leaves the others in force where one is taken out, and its answer as it was', () => {
    for (const out of [0, 5, 11]) {
      const rest = repairs.filter((_, i) => i !== out);
      const { model: without, success } = editTogether(model, rest, { editor });
      expect(success).toBe(true);
      expect(inForce(without, rest).every(Boolean)).toBe(true);
      expect(distance(without, all.model)).toBeGreaterThan(0);
    }
  });

  it('continues from a smaller set’s solution in fewer steps', () => {
    const { model: start } = editTogether(model, repairs.slice(0, 11), { editor });
    const warm = editTogether(model, repairs, { editor, start });
    expect(warm).toMatchObject({ success: true, changed: names });
    expect(warm.steps).toBeLessThan(all.steps);
    const nothingToDo = editTogether(model, repairs.slice(0, 11), { editor, start });
    expect(nothingToDo).toMatchObject({ steps: 0, success: true, changed: names });
    expect(nothingToDo.model).toBe(start);
  });

  it('changes nothing where every constraint holds', () => {
    const kept = inputs.map((input) => classification(input, answerOf(model, input)));
    const result = editTogether(model, kept, { editor });
    expect(result).toMatchObject({ success: true, steps: 0, changed: [], conflicts: [], held: kept.map(() => true) });
    expect(result.model).toBe(model);
  });

  it('takes constraints on what the first edited stage receives, to equal bits', () => {
    const kept = repairs.map((each) => receivedBy(model, each, from));
    expect(kept[0]?.input.shape).toEqual([1, 12]);
    const result = editTogether(model, kept, { editor, received: true });
    expect(result.success).toBe(true);
    expect(inForce(result.model, repairs).every(Boolean)).toBe(true);
    expect(distance(result.model, all.model)).toBeLessThan(1e-5);
  });

  it('takes constraints that are objects of a class', () => {
    const both = [0, 1].map((i) => inputs[i] as Tensor);
    const inner = classification(
      cat(both),
      both.map((input) => another(input)),
    );
    class Wanted implements Constraint {
      readonly input = inner.input;
      readonly #inner = inner;
      loss(output: Tensor): Tensor {
        return this.#inner.loss(output);
      }
      residuals(output: Tensor): Tensor {
        return this.#inner.residuals!(output);
      }
      holds(output: Tensor): boolean {
        return this.#inner.holds!(output);
      }
    }
    const wanted = editTogether(model, [inner], { editor });
    expect(bits(editTogether(model, [new Wanted()], { editor }).model)).toEqual(bits(wanted.model));
  });

  it('holds a repair on its views, and judges it on its input', () => {
    const input = inputs[3] as Tensor;
    const views = input.add(randn([6, 8]).mul(0.3));
    const target = another(input);
    const [plain, viewed] = [undefined, views].map((some) =>
      editTogether(model, [repairOf(input, target, { views: some, margin: 1 })], { editor }),
    );
    const following = (of: nn.Model): number =>
      (nn.forward(of, views).argmax({ dim: 1 }).tolist() as number[]).filter((each) => each === target).length;
    expect(viewed).toMatchObject({ success: true, held: [true] });
    expect(following(viewed!.model)).toBe(6);
    expect(following(plain!.model)).toBeLessThanOrEqual(6);
    // Too few steps for the margin on every view are enough for the input.
    const early = editTogether(model, [repairOf(input, target, { views, margin: 3 })], { editor, maxSteps: 1 });
    expect(early.held[0]).toBe(answerOf(early.model, input) === target);
    expect(early.losses[0]).toBeGreaterThan(0);
  });

  it('takes a loss without residuals as one row: a regression, and any function of the output', () => {
    const gentle = natural({ curvature, overshoot: 0.1 });
    const [first, second] = inputs as [Tensor, Tensor];
    const near = regression(first, nn.forward(model, first).detach().add(0.3), { tolerance: 0.1 });
    const above = constraint(second, (logits) => tensor(2).sub(logits.select(1, 3).sum()));
    const mixed = [near, above, ...repairs.slice(2)];
    const result = editTogether(model, mixed, { editor: gentle });
    expect(result).toMatchObject({ success: true, conflicts: [] });
    expect(inForce(result.model, mixed).every(Boolean)).toBe(true);
    expect(inForce(model, mixed).some(Boolean)).toBe(false);
  });

  it('works on the Jacobian of control inputs, and where gradients are off', () => {
    const rows = jacobianRows(model, [control], 60, { names, classes: 5 });
    const woodbury = new JacobianCurvature(rows, { base: { damping: 0.01 } });
    const result = noGrad(() => editTogether(model, repairs, { editor: natural({ curvature: woodbury }) }));
    expect(result.success).toBe(true);
    expect(inForce(result.model, repairs).every(Boolean)).toBe(true);
  });

  it.each([
    ['neither of which holds', 1, 2],
    ['one of which holds already', 0, 1],
  ])('names two constraints that contradict each other, %s, and serves the others', (_, first, second) => {
    const input = inputs[4] as Tensor;
    const others = repairs.filter((_, i) => i !== 4);
    const mixed = [
      ...others.slice(0, 3),
      classification(input, another(input, second)),
      ...others.slice(3),
      classification(input, another(input, first)),
    ];
    const result = editTogether(model, mixed, { editor });
    expect(result.conflicts).toEqual([[3, 12]]);
    expect(result.success).toBe(false);
    expect(result.held.filter((_, i) => i !== 3 && i !== 12)).toEqual(others.map(() => true));
    expect(inForce(result.model, others).every(Boolean)).toBe(true);
    expect(distance(result.model, editTogether(model, others, { editor }).model)).toBeLessThan(1e-5);
  });

  it('changes nothing where all constraints contradict each other', () => {
    const input = inputs[4] as Tensor;
    const both = [1, 2].map((by) => classification(input, another(input, by)));
    const result = editTogether(model, both, { editor });
    expect(result).toMatchObject({ success: false, steps: 0, conflicts: [[0, 1]], held: [false, false], changed: [] });
    expect(result.model).toBe(model);
    const { model: start } = editTogether(model, repairs.slice(0, 2), { editor });
    expect(bits(editTogether(model, both, { editor, start }).model)).toEqual(bits(model));
  });

  it('names a contradiction with an answer that the base is sure of', () => {
    const input = inputs[4] as Tensor;
    const sure = editTogether(model, [classification(input, another(input), { margin: 4 })], { editor }).model;
    const pair = [1, 2].map((by) => classification(input, another(input, by)));
    const result = editTogether(sure, [...pair, ...repairs.slice(0, 4)], { editor });
    expect(result.conflicts).toEqual([[0, 1]]);
    expect(result.held).toEqual([true, false, true, true, true, true]);
  });

  it('takes the same constraint twice as once', () => {
    const twice = editTogether(model, [...repairs, repairs[2] as Constraint], { editor });
    expect(twice).toMatchObject({ success: true, conflicts: [] });
    expect(distance(twice.model, all.model)).toBeLessThan(1e-3);
  });

  it('refuses a model that gives NaN, and leaves constraints out of reach as a result', () => {
    const broken = model.with({ parameters: new Map([['fc.bias', tensor([1, 2, 3, 4, Number.NaN])]]) });
    expect(() => editTogether(broken, repairs, { editor })).toThrow(
      expect.objectContaining({ code: 'NOT_FINITE', message: expect.stringMatching(/the model gives NaN/) }),
    );
    const hopeless = constraint(inputs[0] as Tensor, (logits) => logits.square().sum().add(1));
    const result = editTogether(model, [hopeless], { editor, maxSteps: 3 });
    expect(result).toMatchObject({ success: false, steps: 3, held: [false] });
  });

  it('asks for a curvature and at least one constraint', () => {
    expect(() => editTogether(model, repairs, { editor: gradientDescent() })).toThrow(
      'editTogether: expected an editor with a curvature and at least one constraint, received gd and 12.',
    );
    expect(() => editTogether(model, [], { editor })).toThrow(/received natural and 0\.$/);
  });
});

describe('edit by natural', () => {
  it('makes each example of a constraint its own row', () => {
    const together = classification(
      cat(inputs.slice(0, 4)),
      inputs.slice(0, 4).map((input) => another(input)),
    );
    const byEdit = edit(model, together, { editor, layers: names, maxSteps: 30 });
    const bySet = editTogether(model, repairs.slice(0, 4), { editor });
    expect(byEdit.success).toBe(true);
    expect(distance(byEdit.model, bySet.model)).toBeLessThan(1e-4);
  });

  it('asks for a curvature of just the edited parameters', () => {
    const wanted = repairs[0] as Constraint;
    expect(() => edit(model, wanted, { editor: natural(), layers: 'fc' })).toThrow(
      expect.objectContaining({
        code: 'NO_CURVATURE',
        message: expect.stringMatching(/^natural: expected a curvature of the edited parameters, received none/),
      }),
    );
    expect(() => edit(model, wanted, { editor, layers: 'fc' })).toThrow(
      'edit: the curvature of natural is of 4 parameters (hidden.weight, …), the edit changes 2 (fc.weight, …); compute it for the edited layers.',
    );
    expect(() => edit(model, wanted, { editor })).toThrow(/the edit changes 6 \(stem\.weight, …\)/);
  });
});
