/** Gradients through the editing loop against central differences in float64, for every editor from one table. */
import { grad, manualSeed, modelOf, nn, noGrad, randn, scope, type Tensor, tensor } from '@editable/torch';
import {
  type Constraint,
  classification,
  constraint,
  type EditorName,
  editLoop,
  editorNamed,
  editorNames,
  KroneckerCurvature,
  kroneckerFactors,
  polyak,
} from 'editable';
import { describe, expect, it } from 'vitest';

/** A new editor joins by adding a row: hyperparameters with which all steps run. */
const table: Readonly<Record<EditorName, Readonly<Record<string, number>>>> = {
  gd: { learningRate: 0.05 },
  'scaled-gd': { learningRate: 0.1 },
  rprop: { learningRate: 0.01 },
  rmsprop: { learningRate: 0.01, beta: 0.4, epsilon: 1e-2 },
  momentum: { learningRate: 0.05, momentum: 0.6 },
  adam: { learningRate: 0.01, beta1: 0.6, beta2: 0.8, epsilon: 1e-2 },
  natural: { overshoot: 1 },
};

const steps = 3;
const difference = 1e-6;

class TwoLayers extends nn.Module {
  readonly first = new nn.Linear(4, 5);
  readonly second = new nn.Linear(5, 3);

  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.second.forward(this.first.forward(input, context).tanh(), context);
  }
}

manualSeed(3);
const model = modelOf(new TwoLayers());
const names = [...model.parameters.keys()];
const inputs = { edit: randn([1, 4], { dtype: 'float64' }), other: randn([6, 4], { dtype: 'float64' }) };
const otherLabels = tensor(new BigInt64Array([0n, 1n, 2n, 0n, 1n, 2n]));
const double = (value: Tensor): Tensor => value.detach().to('float64').clone();
const metric = scope(() => {
  const wide = model.with({ parameters: new Map([...model.parameters].map(([name, value]) => [name, double(value)])) });
  const factors = kroneckerFactors(wide, [randn([20, 4], { dtype: 'float64' })], { names, classes: 3 });
  return new KroneckerCurvature(factors, { damping: 0.1 });
});
/** Steps of a set length do not get that far. */
const farAway = classification(inputs.edit, 2, { margin: 20 });
/** For steps as long as would end a linear loss: of a square they leave half of the root. */
const squared = constraint(inputs.edit, (logits) => farAway.loss(logits).square());

/** l_e(θ̂) and the loss of θ̂ on other inputs, as one smooth function of θ and the hyperparameters. */
function outcome(
  { editor, wanted }: { readonly editor: EditorName; readonly wanted: Constraint },
  theta: readonly Tensor[],
  hyperparameters: Readonly<Record<string, Tensor | typeof polyak>>,
): Tensor {
  const run = (input: Tensor, values: readonly Tensor[]): Tensor =>
    model.call(input, { parameters: new Map(names.map((name, i) => [name, values[i] as Tensor])) }).output;
  const result = editLoop((values) => wanted.loss(run(inputs.edit, values)), theta, {
    editor: editorNamed(editor, hyperparameters, metric),
    maxSteps: steps,
    differentiable: true,
  });
  expect(result.steps).toBe(steps);
  return result.loss.add(run(inputs.other, result.theta).crossEntropyLoss(otherLabels));
}

function centralDifferences(value: () => number, at: Tensor): number[] {
  return Array.from({ length: at.numel }, (_, i) => {
    const shift = (by: number): number => {
      const place = at.view([-1]).narrow(0, i, 1);
      place.add_(by);
      const result = value();
      place.sub_(tensor([by], { dtype: 'float64' }));
      return result;
    };
    return noGrad(() => scope(() => (shift(difference) - shift(-difference)) / (2 * difference)));
  });
}

/** A case's gradients in θ and in its hyperparameters, beside central differences. */
function check(name: EditorName, wanted: Constraint, numbers: Readonly<Record<string, number>>, fixed = {}): void {
  const theta = names.map((parameter) => double(model.parameters.get(parameter) as Tensor).requiresGrad_());
  const hyperparameters = Object.fromEntries(
    Object.entries(numbers).map(([key, value]) => [key, tensor(value, { dtype: 'float64', requiresGrad: true })]),
  );
  const variables = [...theta, ...Object.values(hyperparameters)];
  const how = { editor: name, wanted };
  const exact = grad(outcome(how, theta, { ...hyperparameters, ...fixed }), variables, { allowUnused: true });

  const plainTheta = theta.map(double);
  const plain = Object.fromEntries(Object.entries(hyperparameters).map(([key, value]) => [key, double(value)]));
  const value = (): number => {
    const leaves = plainTheta.map((each) => each.detach().requiresGrad_());
    return outcome(how, leaves, { ...plain, ...fixed }).item();
  };
  for (const [i, variable] of [...plainTheta, ...Object.values(plain)].entries()) {
    const differences = centralDifferences(value, variable);
    const found = [...((exact[i] as Tensor).data() as Float64Array)];
    const scale = Math.max(...differences.map(Math.abs), 1e-3);
    for (const [j, each] of differences.entries()) {
      expect(Math.abs((found[j] as number) - each) / scale, `${name}, variable ${i}[${j}]`).toBeLessThan(1e-5);
    }
  }
}

describe('gradients through the editing loop', () => {
  it('are checked for every editor', () => {
    expect(Object.keys(table).sort()).toEqual([...editorNames].sort());
  });

  it.each(editorNames)('%s agrees with central differences in θ and in every hyperparameter', (name) => {
    check(name, name === 'natural' ? squared : farAway, table[name]);
  });

  const withLearningRate = editorNames.filter((name) => 'learningRate' in table[name]);
  it.each(withLearningRate)('%s by Polyak’s step agrees with central differences', (name) => {
    const { learningRate: _, ...others } = table[name];
    check(name, squared, others, { learningRate: polyak });
  });
});
