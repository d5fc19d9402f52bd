/** EKFAC beside F written out as one dense matrix in the factors' basis. */
import { cat, eye, manualSeed, memory, modelOf, nn, randn, scope, type Tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { EkfacCurvature, ekfacFactors } from './ekfac.js';
import { exampleGradients } from './example-gradients.js';
import { jacobianRows } from './jacobian.js';
import { kroneckerFactors } from './kronecker.js';

const double = { dtype: 'float64' } as const;
const classes = 4;

manualSeed(13);
const linear = inFloat64(new nn.Linear(3, classes));
const convolutional = inFloat64(
  new nn.Sequential([
    new nn.Conv2d(4, 6, 3, { padding: 1, groups: 2 }),
    new nn.BatchNorm2d(6),
    new nn.Conv2d(6, 2, 3),
    new nn.Flatten(),
    new nn.Linear(8, classes),
  ]),
);
const vectors = randn([5, 3], double);
const images = randn([7, 4, 4, 4], double);

function inFloat64(module: nn.Module): nn.Model {
  const model = modelOf(module);
  const doubled = (tensors: nn.NamedTensors): Map<string, Tensor> =>
    new Map([...tensors].map(([name, value]) => [name, value.dtype === 'float32' ? value.to('float64') : value]));
  return model.with({ parameters: doubled(model.parameters), buffers: doubled(model.buffers) });
}

const corrected = (model: nn.Model, batches: readonly Tensor[], names: readonly string[]) =>
  ekfacFactors(model, batches, kroneckerFactors(model, batches, { names, classes }), { classes });
const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item() / b.abs().max().item();

/** F of one layer over all classes, [numbers, numbers], its numbers in the order outputs × (inputs, bias). */
function denseOf(model: nn.Model, input: Tensor, [weight, bias]: readonly string[]): Tensor {
  const count = input.shape[0] as number;
  const names = [weight as string, ...(bias === undefined ? [] : [bias])];
  const [ofWeight, ofBias] = jacobianRows(model, [input], count, { names, classes }).rows as [Tensor, Tensor?];
  const outputs = ofWeight.shape[1] as number;
  const flat = ofWeight.reshape([ofWeight.shape[0] as number, outputs, -1]);
  const all = ofBias === undefined ? flat : cat([flat, ofBias.unsqueeze(2)], { dim: 2 });
  const rows = all.reshape([all.shape[0] as number, -1]);
  return rows.t().matmul(rows);
}

const kron = (left: Tensor, right: Tensor): Tensor => {
  const [n, m] = [left.shape[0] as number, right.shape[0] as number];
  return left
    .view([n, 1, n, 1])
    .mul(right.view([1, m, 1, m]))
    .reshape([n * m, n * m]);
};

describe('EKFAC', () => {
  it('is F + λ itself for a linear layer and one control input', () => {
    const one = vectors.narrow(0, 0, 1);
    const f = denseOf(linear, one, ['weight', 'bias']);
    const damping = 0.01;
    const damped = f.add(eye(16, double).mul(damping * f.diagonal().mean().item()));
    const unit = eye(16, double).view([16, 4, 4]);
    using curvature = new EkfacCurvature(corrected(linear, [one], ['weight', 'bias']), { damping });
    const [weights, biases] = curvature.solve([unit.narrow(2, 0, 3), unit.select(2, 3)]) as [Tensor, Tensor];
    const inverse = cat([weights, biases.unsqueeze(2)], { dim: 2 }).reshape([16, 16]);
    expect(difference(inverse.matmul(damped), eye(16, double))).toBeLessThan(1e-9);
  });

  it.each([
    ['a convolution', ['2.weight', '2.bias']],
    ['a convolution of two groups', ['0.weight', '0.bias']],
    ['a linear layer', ['4.weight', '4.bias']],
    ['weights without the bias', ['4.weight']],
  ] as const)('has the diagonal that F has in the factors’ basis: %s', (_, names) => {
    const { layers, count } = corrected(convolutional, [images], names);
    const [a, g, squares] = layers[0]!.matrices as readonly [Tensor, Tensor, Tensor];
    const dense = denseOf(convolutional, images, names);
    expect(count).toBe(7);
    for (const [group, found] of squares.unbind().entries()) {
      const basis = kron(g.select(0, group), a.select(0, group));
      const size = basis.shape[0] as number;
      const own = dense.narrow(0, group * size, size).narrow(1, group * size, size);
      const wanted = basis
        .t()
        .matmul(own)
        .matmul(basis)
        .diagonal()
        .view([...found.shape]);
      expect(difference(found, wanted)).toBeLessThan(1e-10);
    }
  });

  it('leaves a normalisation its block, has groups apart, and is the same from batches of any size', () => {
    const names = ['0.weight', '0.bias', '1.weight', '1.bias'];
    const factors = kroneckerFactors(convolutional, [images], { names, classes });
    const whole = ekfacFactors(convolutional, [images], factors, { classes });
    const parts = ekfacFactors(convolutional, images.splitWithSizes([1, 4, 2]), factors, { classes });
    expect(whole.layers.map(({ matrices }) => matrices.map(({ shape }) => shape))).toEqual([
      [
        [2, 19, 19],
        [2, 3, 3],
        [2, 3, 19],
      ],
      [[12, 12]],
    ]);
    expect(difference(whole.layers[1]!.matrices[0]!, factors.layers[1]!.matrices[0]!)).toBe(0);
    for (const [i, { matrices }] of whole.layers.entries())
      for (const [j, each] of matrices.entries())
        expect(difference(parts.layers[i]!.matrices[j]!, each)).toBeLessThan(1e-12);
  });

  it('solves a gradient kept as its factors as it does the gradient', () => {
    const names = ['4.weight', '4.bias'];
    using curvature = new EkfacCurvature(corrected(convolutional, [images], names), { damping: 0.01 });
    const { gradients, factored } = exampleGradients(convolutional, images, {
      names,
      theta: names.map((name) => convolutional.parameters.get(name)!),
      values: (output) => output.logSoftmax(1).select(1, 2),
    });
    expect(factored).toHaveLength(1);
    const [whole, cheap] = [curvature.solve(gradients), curvature.solve(gradients, factored)];
    for (const [i, each] of whole.entries()) expect(difference(cheap[i]!, each)).toBeLessThan(1e-12);
  });

  it('frees what it made, and refuses what it cannot use', () => {
    const names = ['2.weight', '2.bias'];
    const factors = kroneckerFactors(convolutional, [images], { names, classes });
    const before = memory().tensors;
    const failing = (): Generator<Tensor> =>
      (function* () {
        yield images;
        throw new Error('unreadable');
      })();
    expect(() => scope(() => ekfacFactors(convolutional, failing(), factors, { classes }))).toThrow('unreadable');
    expect(() => ekfacFactors(convolutional, [], factors, { classes })).toThrow('received none');
    const nan = scope(() => images.mul(Number.NaN));
    expect(() => ekfacFactors(convolutional, [nan], factors, { classes })).toThrow(
      'the gradients of 2.weight, 2.bias are not finite',
    );
    nan.dispose();
    const dead = scope(() => ekfacFactors(convolutional, [images], factors, { classes }));
    for (const { matrices } of dead.layers) scope(() => void matrices[2]!.zero_());
    expect(() => new EkfacCurvature(dead, { damping: 0.01 })).toThrow('cannot be inverted');
    for (const { matrices } of dead.layers) for (const each of matrices) each.dispose();
    const made = scope(() => ekfacFactors(convolutional, [images], factors, { classes }));
    const curvature = scope(() => new EkfacCurvature(made, { damping: 0.01 }));
    expect(curvature.identity).toEqual({ kind: 'ekfac', damping: 0.01, images: 7 });
    curvature[Symbol.dispose]();
    for (const { matrices } of made.layers) for (const each of matrices) each.dispose();
    expect(memory().tensors).toBe(before);
  });
});
