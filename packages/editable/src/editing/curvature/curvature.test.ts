/** Kronecker factors and the Jacobian beside F written out as one dense matrix and inverted. */
import { cat, eye, grad, manualSeed, modelOf, nn, randn, scope, type Tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import type { Curvature } from './curvature.js';
import { JacobianCurvature, jacobianRows } from './jacobian.js';
import { KroneckerCurvature, kroneckerFactors } from './kronecker.js';

const double = { dtype: 'float64' } as const;

const inFloat64 = (module: nn.Module): nn.Model => {
  const model = modelOf(module);
  return model.with({ parameters: new Map([...model.parameters].map(([name, value]) => [name, value.to('float64')])) });
};

class Sequence extends nn.Module {
  readonly parts: readonly nn.Module<never>[];
  readonly #run: (input: Tensor, context: nn.Context) => Tensor;
  constructor(parts: readonly nn.Module<never>[], run: (input: Tensor, context: nn.Context) => Tensor) {
    super();
    this.parts = parts;
    this.#run = run;
  }
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.#run(input, context);
  }
}

manualSeed(11);
const linear = inFloat64(new nn.Linear(3, 4));
const hidden = new nn.Linear(3, 5);
const last = new nn.Linear(5, 4);
const twoLayers = inFloat64(
  new Sequence([hidden, last], (x, context) => last.forward(hidden.forward(x, context).tanh(), context)),
);
const control = randn([6, 3], double);

const namesOf = (model: nn.Model): string[] => [...model.parameters.keys()];
const flat = (vectors: readonly Tensor[]): Tensor =>
  cat(
    vectors.map((each) => each.reshape([each.shape[0] as number, -1])),
    { dim: 1 },
  );
const sizesOf = (model: nn.Model): number[] => [...model.parameters.values()].map(({ numel }) => numel);
const unflat = (model: nn.Model, matrix: Tensor): Tensor[] =>
  matrix
    .splitWithSizes(sizesOf(model), { dim: 1 })
    .map((part, i) => part.reshape([part.shape[0] as number, ...([...model.parameters.values()][i] as Tensor).shape]));
/** C⁻¹ as one matrix. */
const denseInverse = (model: nn.Model, curvature: Curvature): Tensor =>
  flat(
    curvature.solve(
      unflat(
        model,
        eye(
          sizesOf(model).reduce((a, b) => a + b),
          double,
        ),
      ),
    ),
  );
const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item() / b.abs().max().item();
const rowsOf = (model: nn.Model, inputs: Tensor, classes: number): Tensor =>
  flat(jacobianRows(model, [inputs], inputs.shape[0] as number, { names: namesOf(model), classes }).rows);
const identityLike = (matrix: Tensor): Tensor => eye(matrix.shape[0] as number, double);
const linalgInverse = (matrix: Tensor): Tensor => matrix.linalgCholeskyEx()[0].choleskyInverse();

describe('jacobianRows', () => {
  it('make F: for a linear layer the mean of (diag p − ppᵀ) ⊗ aaᵀ', () => {
    const jacobian = rowsOf(linear, control, 4);
    const weightPart = jacobian.narrow(1, 0, 12);
    const wanted = control.unbind().map((a) => {
      const p = nn.forward(linear, a.unsqueeze(0)).softmax(1).squeeze(0);
      const h = eye(4, double)
        .mul(p)
        .sub(p.unsqueeze(1).mul(p.unsqueeze(0)));
      return h
        .view([4, 1, 4, 1])
        .mul(a.unsqueeze(1).mul(a.unsqueeze(0)).view([1, 3, 1, 3]))
        .reshape([12, 12])
        .div(6);
    });
    const f = weightPart.t().matmul(weightPart);
    expect(
      difference(
        f,
        wanted.reduce((sum, each) => sum.add(each)),
      ),
    ).toBeLessThan(1e-12);
  });

  it('take the most probable classes, with their probabilities renormalised', () => {
    const input = control.narrow(0, 0, 1);
    const p = nn.forward(linear, input).softmax(1).squeeze(0);
    const [largest, order] = p.topk(2);
    const rows = jacobianRows(linear, [input], 1, { names: ['bias'], classes: 2 }).rows[0] as Tensor;
    for (const i of [0, 1]) {
      const weight = Math.sqrt((largest.tolist() as number[])[i]! / largest.sum().item());
      const wanted = eye(4, double)
        .select(0, (order.tolist() as number[])[i]!)
        .sub(p)
        .mul(weight);
      expect(difference(rows.select(0, i), wanted)).toBeLessThan(1e-12);
    }
  });

  it('are no more than the model has classes, and the same in batches of any size', () => {
    const names = namesOf(twoLayers);
    const whole = rowsOf(twoLayers, control, 9);
    expect(whole.shape).toEqual([24, sizesOf(twoLayers).reduce((a, b) => a + b)]);
    const parts = jacobianRows(twoLayers, control.splitWithSizes([4, 2]), 6, { names, classes: 9 });
    const gram = (rows: Tensor): Tensor => rows.t().matmul(rows);
    expect(difference(gram(flat(parts.rows)), gram(whole))).toBeLessThan(1e-12);
  });
});

describe('JacobianCurvature', () => {
  it('solves as the dense (λI + JᵀJ)⁻¹', () => {
    const options = { names: namesOf(twoLayers), classes: 3 };
    const curvature = new JacobianCurvature(jacobianRows(twoLayers, [control], 6, options), {
      base: { damping: 0.01 },
    });
    const jacobian = rowsOf(twoLayers, control, 3);
    const lambda = jacobian.matmul(jacobian.t()).diagonal().mean().item() * 0.01;
    const dense = jacobian.t().matmul(jacobian);
    const wanted = linalgInverse(dense.add(identityLike(dense).mul(lambda)));
    expect(difference(denseInverse(twoLayers, curvature), wanted)).toBeLessThan(1e-10);
  });

  it('solves as the dense (B + JᵀJ)⁻¹ on top of Kronecker factors', () => {
    const options = { names: namesOf(twoLayers), classes: 3 };
    const base = new KroneckerCurvature(kroneckerFactors(twoLayers, [control], options), { damping: 0.1 });
    const curvature = new JacobianCurvature(jacobianRows(twoLayers, [control], 6, options), { base });
    const jacobian = rowsOf(twoLayers, control, 3);
    const b = linalgInverse(denseInverse(twoLayers, base));
    const wanted = linalgInverse(b.add(jacobian.t().matmul(jacobian)));
    expect(difference(denseInverse(twoLayers, curvature), wanted)).toBeLessThan(1e-10);
    expect(curvature.identity).toMatchObject({ kind: 'jacobian', images: 6, rows: 18, base: base.identity });
  });

  it('refuses a base of other parameters, and rows beyond its memory', () => {
    const options = { names: namesOf(twoLayers), classes: 3 };
    const rows = jacobianRows(twoLayers, [control], 6, options);
    const base = new KroneckerCurvature(kroneckerFactors(linear, [control], { names: ['weight'], classes: 2 }), {
      damping: 0.1,
    });
    expect(() => new JacobianCurvature(rows, { base })).toThrow(
      'curvature: the base is of 1 parameters (weight, …), the Jacobian of 4 (parts.0.weight, …)',
    );
    const tooMuch = (): unknown => jacobianRows(twoLayers, [control], 6, { ...options, memory: 8 * 18 * 44 - 1 });
    expect(tooMuch).toThrow(/the Jacobian of 18 rows by 44 edited numbers takes .* edit fewer layers/);
  });
});

describe('KroneckerCurvature', () => {
  const one = control.narrow(0, 0, 1);
  const options = { names: ['weight', 'bias'], classes: 4 };

  it('has exact factors for a linear layer and one control input, and solves as the dense damped product', () => {
    const factors = kroneckerFactors(linear, [one], options);
    const [a, g] = (factors.layers[0]!.matrices as readonly Tensor[]).map((each) => each.squeeze(0)) as [
      Tensor,
      Tensor,
    ];
    const kron = (left: Tensor, right: Tensor): Tensor =>
      left
        .view([4, 1, 4, 1])
        .mul(right.view([1, 4, 1, 4]))
        .reshape([16, 16]); // outputs × (inputs and the bias's 1)
    const jacobian = jacobianRows(linear, [one], 1, options).rows;
    const together = cat([jacobian[0] as Tensor, (jacobian[1] as Tensor).unsqueeze(2)], { dim: 2 }).reshape([4, 16]);
    const f = together.t().matmul(together);
    expect(difference(kron(g, a), f)).toBeLessThan(1e-12);

    const gamma = Math.sqrt(0.01 * f.diagonal().mean().item());
    const pi = Math.sqrt(a.diagonal().mean().item() / g.diagonal().mean().item());
    const damp = (matrix: Tensor, by: number): Tensor => matrix.add(identityLike(matrix).mul(by));
    const wanted = linalgInverse(kron(damp(g, gamma / pi), damp(a, gamma * pi)));
    const [weights, biases] = new KroneckerCurvature(factors, { damping: 0.01 }).solve(unflatTogether()) as [
      Tensor,
      Tensor,
    ];
    expect(difference(cat([weights, biases.unsqueeze(2)], { dim: 2 }).reshape([16, 16]), wanted)).toBeLessThan(1e-10);
  });

  /** The unit vectors of the weight with the bias as its last column. */
  function unflatTogether(): Tensor[] {
    const unit = eye(16, double).view([16, 4, 4]);
    return [unit.narrow(2, 0, 3), unit.select(2, 3)];
  }

  it('agrees with Woodbury’s formula where both are exact', () => {
    const rows = jacobianRows(linear, [one], 1, options);
    const kronecker = new KroneckerCurvature(kroneckerFactors(linear, [one], options), { damping: 1e-9 });
    const woodbury = new JacobianCurvature(rows, { base: { damping: 1e-6 } });
    // In the range of F the damping's form does not matter once it is small: λ is 1e-6 of F, γ 3e-5 of the factors.
    const vectors = rows.rows.map((each) => each.narrow(0, 0, 2));
    const [left, right] = [flat(kronecker.solve(vectors)), flat(woodbury.solve(vectors))];
    expect(difference(left, right)).toBeLessThan(1e-3);
  });

  it('has the same factors from batches of any size', () => {
    const both = { names: namesOf(twoLayers), classes: 2 };
    const whole = kroneckerFactors(twoLayers, [control], both);
    const parts = kroneckerFactors(twoLayers, control.splitWithSizes([1, 5]), both);
    expect(parts.count).toBe(6);
    for (const [i, { matrices }] of whole.layers.entries())
      for (const [j, each] of matrices.entries())
        expect(difference(parts.layers[i]?.matrices[j] as Tensor, each)).toBeLessThan(1e-12);
  });

  it('needs the model’s own tensors alone, not those that its modules began with', () => {
    const moved = scope(() => inFloat64(new nn.Linear(3, 4)));
    const { layers } = kroneckerFactors(moved, [control], options);
    const curvature = new KroneckerCurvature({ names: options.names, layers, count: 6 }, { damping: 0.1 });
    expect(curvature.solve(unflatTogether())[0]?.shape).toEqual([16, 4, 3]);
  });

  it('gives a layer that runs twice the positions of both runs, and a normalisation its exact block', () => {
    const [both, norm] = [new nn.Linear(3, 3, { bias: false }), new nn.LayerNorm(3)];
    const twice = inFloat64(
      new Sequence([both, norm], (x, context) => {
        const once = (value: Tensor): Tensor => norm.forward(both.forward(value, context), context).tanh();
        return once(once(x));
      }),
    );
    const names = ['parts.1.weight', 'parts.1.bias'];
    const [block] = kroneckerFactors(twice, [control], { names, classes: 3 }).layers[0]!.matrices as [Tensor];
    const jacobian = flat(jacobianRows(twice, [control], 6, { names, classes: 3 }).rows);
    expect(difference(block, jacobian.t().matmul(jacobian))).toBeLessThan(1e-12);

    const shown: Tensor[] = [];
    twice.call(control, { observe: ({ layer, input }) => layer === both && shown.push(input) });
    const [a, g] = kroneckerFactors(twice, [control], { names: ['parts.0.weight'], classes: 3 }).layers[0]!
      .matrices as [Tensor, Tensor];
    const positions = cat(shown);
    expect(positions.shape).toEqual([12, 3]);
    expect(difference(a.squeeze(0), positions.t().matmul(positions).div(6))).toBeLessThan(1e-12);
    expect(difference(g.squeeze(0), meanOuterGradient(twice))).toBeLessThan(1e-12);
  });

  /** G of parts.0 over all classes: the mean over examples and both runs of E[δδᵀ], one example and class at a time. */
  function meanOuterGradient(model: nn.Model): Tensor {
    const outer = control.unbind().flatMap((row) => {
      const outputs: Tensor[] = [];
      const weight = (model.parameters.get('parts.0.weight') as Tensor).detach().requiresGrad_();
      const { output } = model.call(row.unsqueeze(0), {
        parameters: new Map([['parts.0.weight', weight]]),
        observe: ({ parameters, output: own }) => parameters.get('weight') === 'parts.0.weight' && outputs.push(own),
      });
      const logP = output.logSoftmax(1).squeeze(0);
      return logP.unbind().flatMap((each) => {
        const deltas = grad(each, outputs, { retainGraph: true });
        return deltas.map((delta) => delta.t().matmul(delta).mul(each.detach().exp()));
      });
    });
    return outer.reduce((sum, each) => sum.add(each)).div(12);
  }

  it('lives until it is disposed of, made in a scope or not', () => {
    const curvature = scope(() => new KroneckerCurvature(kroneckerFactors(linear, [one], options), { damping: 0.1 }));
    const woodbury = scope(
      () => new JacobianCurvature(jacobianRows(linear, [one], 1, options), { base: { damping: 0.1 } }),
    );
    for (const each of [curvature, woodbury]) {
      expect(each.solve(unflatTogether())[0]?.shape).toEqual([16, 4, 3]);
      each[Symbol.dispose]();
      expect(() => each.solve(unflatTogether())).toThrow(/freed/);
    }
  });
});

describe('kroneckerFactors', () => {
  const reads = (module: nn.Module<never>, run: (x: Tensor, context: nn.Context) => Tensor): nn.Model =>
    modelOf(new Sequence([module], run));

  it('names the parameters that no rule covers', () => {
    const attention = new nn.MultiheadAttention(4, 2);
    const model = reads(attention as nn.Module<never>, (x, context) => attention.forward({ query: x }, context));
    expect(() => kroneckerFactors(model, [randn([2, 3, 4])], { names: namesOf(model), classes: 2 })).toThrow(
      /no Kronecker factors for parts\.0\.in_proj_weight, parts\.0\.in_proj_bias: only Linear/,
    );
    const table = new nn.Embedding(5, 4);
    const embedded = reads(table, (x, context) => table.forward(x, context));
    expect(() => kroneckerFactors(embedded, [], { names: ['parts.0.weight'], classes: 2 })).toThrow(
      expect.objectContaining({ code: 'NO_CURVATURE', message: expect.stringContaining('for parts.0.weight:') }),
    );
  });

  it('refuses a weight that two layers share, and a layer that does not run', () => {
    const [first, second] = [new nn.Linear(3, 3), new nn.Linear(3, 3)];
    Object.assign(second, { weight: first.weight });
    const tied = modelOf(
      new Sequence([first, second], (x, context) => second.forward(first.forward(x, context), context)),
    );
    expect(() => kroneckerFactors(tied, [randn([2, 3])], { names: ['parts.0.weight'], classes: 2 })).toThrow(
      /no Kronecker factors for parts\.0\.weight/,
    );
    const spare = modelOf(new Sequence([new nn.Linear(3, 3), new nn.Linear(3, 2)], (x) => x));
    expect(() => kroneckerFactors(spare, [randn([2, 3])], { names: ['parts.1.bias'], classes: 2 })).toThrow(
      'curvature: the layer of parts.1.bias does not run on the control inputs; edit other layers.',
    );
  });

  it('refuses weights that are not finite, and no inputs at all', () => {
    const broken = linear.with({
      parameters: new Map([['bias', (linear.parameters.get('bias') as Tensor).mul(Number.NaN)]]),
    });
    const options = { names: ['weight'], classes: 2 };
    expect(() => kroneckerFactors(broken, [control], options)).toThrow(
      expect.objectContaining({
        code: 'NOT_FINITE',
        message: expect.stringContaining('factors of weight are not finite'),
      }),
    );
    expect(
      () => new JacobianCurvature(jacobianRows(broken, [control], 6, options), { base: { damping: 0.1 } }),
    ).toThrow(expect.objectContaining({ code: 'NOT_FINITE' }));
    expect(() => kroneckerFactors(linear, [], options)).toThrow('expected control inputs, received none');
    expect(() => jacobianRows(linear, [], 0, options)).toThrow('expected control inputs, received none');
  });
});
