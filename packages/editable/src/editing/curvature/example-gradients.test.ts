import { grad, manualSeed, modelOf, nn, noGrad, randint, randn, type Tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { exampleGradients } from './example-gradients.js';

type Parts = Readonly<Record<string, nn.Module>>;

/** A network of some parts, its forward written beside them. */
function network(parts: Parts, run: (input: Tensor, context: nn.Context) => Tensor): nn.Model {
  class Network extends nn.Module {
    override forward(input: Tensor, context: nn.Context): Tensor {
      return run(input, context);
    }
  }
  return inFloat64(modelOf(Object.assign(new Network(), parts)));
}

const inFloat64 = (model: nn.Model): nn.Model =>
  model.with({ parameters: widened(model.parameters), buffers: widened(model.buffers) });

/** Not at the values that normalisations start with, which hide mistakes. */
const widened = (tensors: nn.NamedTensors): nn.NamedTensors =>
  new Map(
    [...tensors].map(([name, value]) => [
      name,
      value.dtype === 'int64'
        ? value
        : value.to('float64').add(randn(value.shape, { dtype: 'float64' }).square().mul(0.1)),
    ]),
  );

manualSeed(5);
const images = randn([3, 4, 7, 7], { dtype: 'float64' });
const sequences = randn([3, 5, 4], { dtype: 'float64' });

const convolutions = (): nn.Model => {
  const strided = new nn.Conv2d(4, 6, 3, { stride: 2, padding: 1, bias: false });
  const grouped = new nn.Conv2d(6, 4, 3, { padding: 2, dilation: 2, groups: 2 });
  const pointwise = new nn.Conv2d(4, 4, 1, { stride: 2 });
  const [bn, fc] = [new nn.BatchNorm2d(6), new nn.Linear(4, 3)];
  return network({ strided, bn, grouped, pointwise, fc }, (x, context) => {
    const first = bn.forward(strided.forward(x, context), context).tanh();
    return fc.forward(pointwise.forward(grouped.forward(first, context).tanh(), context).mean([2, 3]), context);
  });
};

const overTime = (): nn.Model => {
  const [hidden, norm, fc] = [new nn.Linear(4, 6), new nn.LayerNorm(6), new nn.Linear(6, 3)];
  return network({ hidden, norm, fc }, (x, context) =>
    fc.forward(norm.forward(hidden.forward(x, context), context).tanh(), context).mean([1]),
  );
};

const usedTwice = (): nn.Model => {
  const [both, norm, fc] = [new nn.Linear(4, 4), new nn.LayerNorm([5, 4]), new nn.Linear(4, 3)];
  return network({ both, norm, fc }, (x, context) => {
    const once = (value: Tensor): Tensor => norm.forward(both.forward(value, context), context).tanh();
    return fc.forward(once(once(x)), context).mean([1]);
  });
};

const tied = (): nn.Model => {
  const [first, second] = [new nn.Linear(4, 4), new nn.Linear(4, 4)];
  Object.assign(second, { weight: first.weight });
  return network({ first, second }, (x, context) =>
    second.forward(first.forward(x, context).tanh(), context).mean([1]),
  );
};

const readElsewhere = (): nn.Model => {
  const [fc, unseen] = [new nn.Linear(4, 3), new nn.Linear(4, 4)];
  return network({ fc, unseen }, (x, context) =>
    fc.forward(x.matmul(context.read(unseen.weight)).tanh(), context).mean([1]),
  );
};

const embedded = (): nn.Model => {
  const [table, back] = [new nn.Embedding(9, 4), new nn.Linear(4, 9, { bias: false })];
  Object.assign(back, { weight: table.weight });
  return network({ table, back }, (x, context) => back.forward(table.forward(x, context).tanh(), context).mean([1]));
};

const cases: readonly [string, nn.Model, Tensor][] = [
  [
    'convolutions (strided, in groups, dilated, 1 × 1, with and without bias) and a BatchNorm2d',
    convolutions(),
    images,
  ],
  ['Linear and LayerNorm on [batch, time, dim]', overTime(), sequences],
  ['layers that run twice in a pass', usedTwice(), sequences],
  ['a weight that two layers share', tied(), sequences],
  ['a weight that is read without its layer', readElsewhere(), sequences],
  ['an Embedding whose weight is a Linear’s, too', embedded(), randint(9, [3, 5], { dtype: 'int64' })],
];

const values = (output: Tensor): Tensor => output.logSoftmax(1).select(1, 1);

/** By running each example alone. */
function alone(model: nn.Model, input: Tensor, names: readonly string[]): readonly Tensor[][] {
  return Array.from({ length: input.shape[0] as number }, (_, i) => {
    const leaves = names.map((name) => (model.parameters.get(name) as Tensor).detach().requiresGrad_());
    const parameters = new Map(names.map((name, j) => [name, leaves[j] as Tensor]));
    return grad(values(nn.forward(model, input.narrow(0, i, 1), { parameters })).sum(), leaves, { allowUnused: true });
  });
}

function expectEqualToAlone(model: nn.Model, input: Tensor, names: readonly string[]): void {
  const theta = names.map((name) => model.parameters.get(name) as Tensor);
  const found = noGrad(() => exampleGradients(model, input, { names, theta, values }));
  const wanted = alone(model, input, names);
  expect(
    found.values
      .sub(values(nn.forward(model, input)))
      .abs()
      .max()
      .item(),
  ).toBeLessThan(1e-12);
  for (const [j, name] of names.entries()) {
    const own = found.gradients[j] as Tensor;
    expect(own.shape, name).toEqual([input.shape[0], ...(theta[j] as Tensor).shape]);
    for (const [i, gradients] of wanted.entries()) {
      expect(
        own
          .select(0, i)
          .sub(gradients[j] as Tensor)
          .abs()
          .max()
          .item(),
        `${name}, example ${i}`,
      ).toBeLessThan(1e-12);
    }
  }
}

describe('exampleGradients', () => {
  it.each(cases)('are those of each example alone for %s', (_, model, input) => {
    expectEqualToAlone(model, input, [...model.parameters.keys()]);
  });

  it.each(cases.slice(0, 3))('are those of weights alone and of biases alone for %s', (_, model, input) => {
    for (const kind of ['.weight', '.bias'])
      expectEqualToAlone(
        model,
        input,
        [...model.parameters.keys()].filter((name) => name.endsWith(kind)),
      );
  });
});
