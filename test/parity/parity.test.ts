/** Ours beside PyTorch's recorded answers: ResNet-18, every editor's path, the objective's gradients, F (record.py). */
import { grad, modelOf, nn, type Tensor } from '@editable/torch';
import {
  cifarResNet18,
  classification,
  type Editor,
  edit,
  editableObjective,
  editLoop,
  editorNamed,
  editorNames,
  firstStageOf,
  imageClassification,
  KroneckerCurvature,
  kroneckerFactors,
  natural,
  selectParameters,
} from 'editable';
import { describe, expect, it } from 'vitest';
import { Fixture, manifest, type Precision, tolerances } from './fixtures.js';

const precisions: readonly Precision[] = ['float32', 'float64'];

const leaves = (tensors: nn.NamedTensors): Map<string, Tensor> =>
  new Map([...tensors].map(([name, value]) => [name, value.detach().requiresGrad_()]));

const gradients = (loss: Tensor, theta: nn.NamedTensors, createGraph = false): Map<string, Tensor> => {
  const found = grad(loss, [...theta.values()], { createGraph, retainGraph: true, allowUnused: true });
  return new Map([...theta.keys()].map((name, i) => [name, found[i] as Tensor]));
};

describe.each(precisions)('resnet18 in %s', (precision) => {
  const fixture = new Fixture('resnet18', precision);
  const model = modelOf(cifarResNet18({ width: manifest.resnet18.width }), fixture.under('model'));
  const theta = leaves(model.parameters);

  it('gives the same logits, loss, gradients and gradients of gradients in eval mode', () => {
    const { output } = model.call(fixture.get('input'), { parameters: theta });
    fixture.expectClose(output, 'eval.logits');
    const loss = output.crossEntropyLoss(fixture.get('labels'));
    const first = gradients(loss, theta, true);
    fixture.expectAllClose(first, 'eval.gradient');
    const energy = [...first.values()]
      .map((g) => g.square().sum())
      .reduce((sum, each) => sum.add(each))
      .div(2);
    fixture.expectClose(energy, 'eval.energy');
    fixture.expectAllClose(gradients(energy, theta), 'eval.energyGradient');
  });

  it('gives the same logits, gradients and running statistics in train mode, and leaves the model as it was', () => {
    const before = model.buffers.get('bn1.running_mean')?.tolist();
    const { output, buffers } = model.call(fixture.get('input'), { parameters: theta, training: true });
    fixture.expectClose(output, 'train.logits');
    fixture.expectAllClose(gradients(output.crossEntropyLoss(fixture.get('labels')), theta), 'train.gradient');
    fixture.expectAllClose(buffers, 'train.after');
    expect(model.buffers.get('bn1.running_mean')?.tolist()).toEqual(before);
  });
});

describe.each(precisions)('editors in %s', (precision) => {
  const fixture = new Fixture('editors', precision);
  const settings = manifest.editors;
  const model = modelOf(cifarResNet18({ width: settings.width }), fixture.under('model'));
  const editable = selectParameters(model, 'layer3');
  const constraint = classification(fixture.get('edit.input'), fixture.get('edit.target').item(), {
    margin: settings.margin,
  });
  const { classes, damping } = manifest.metric;
  const received = model.call(fixture.get('batch.input'), { to: firstStageOf(model, editable) }).output;
  const metric = new KroneckerCurvature(kroneckerFactors(model, [received], { names: editable, classes }), { damping });
  const editorOf = (name: string, hyperparameters: Readonly<Record<string, number | Tensor>>): Editor =>
    editorNamed(name, hyperparameters, metric);

  it('are all recorded', () => {
    expect(Object.keys(settings.hyperparameters).sort()).toEqual([...editorNames].sort());
  });

  it.each(editorNames)('%s reaches the same parameters after each of its steps', (name) => {
    const editor = editorOf(name, settings.hyperparameters[name] as Record<string, number>);
    const theta = editable.map((parameter) => model.parameters.get(parameter) as Tensor);
    const lossAt = (values: readonly Tensor[]): Tensor =>
      constraint.loss(
        model.call(constraint.input, { parameters: new Map(editable.map((key, i) => [key, values[i] as Tensor])) })
          .output,
      );
    for (let steps = 1; steps <= settings.editSteps; steps++) {
      const result = editLoop(lossAt, theta, { editor, maxSteps: steps, differentiable: false });
      expect(result.steps).toBe(steps);
      fixture.expectClose(result.loss, `${name}.loss.${steps}`);
      fixture.expectAllClose(
        new Map(editable.map((key, i) => [key, result.theta[i] as Tensor])),
        `${name}.theta.${steps}`,
      );
    }
  });

  it.each(editorNames)('%s gives the same objective and gradients in θ and in its hyperparameters', (name) => {
    const theta = leaves(model.parameters);
    const hyperparameters = leaves(fixture.under(`${name}.hyperparameter`));
    const objective = editableObjective(
      imageClassification,
      model,
      theta,
      { input: fixture.get('batch.input'), target: fixture.get('batch.labels') },
      constraint,
      {
        editor: editorOf(name, Object.fromEntries(hyperparameters)),
        editable,
        maxSteps: settings.objectiveSteps,
        cEdit: settings.cEdit,
        cLoc: settings.cLoc,
      },
    );
    for (const term of ['base', 'edit', 'locality', 'total'] as const)
      fixture.expectClose(objective[term], `${name}.objective.${term}`);
    fixture.expectAllClose(gradients(objective.total, theta), `${name}.objective.gradient`);
    fixture.expectAllClose(gradients(objective.total, hyperparameters), `${name}.objective.hypergradient`);
    fixture.expectAllClose(objective.buffers, `${name}.objective.after`);
  });
});

/** record.py's Mixed: a layer of each kind and shape that has a rule. */
class Mixed extends nn.Module {
  readonly strided = new nn.Conv2d(4, 6, 3, { stride: 2, padding: 1, bias: false });
  readonly bn = new nn.BatchNorm2d(6);
  readonly grouped = new nn.Conv2d(6, 4, 3, { padding: 2, dilation: 2, groups: 2 });
  readonly fc = new nn.Linear(4, manifest.curvature.numClasses);

  override forward(input: Tensor, context: nn.Context): Tensor {
    const first = this.bn.forward(this.strided.forward(input, context), context).tanh();
    return this.fc.forward(this.grouped.forward(first, context).tanh().mean([2, 3]), context);
  }
}

describe.each(precisions)('KroneckerCurvature in %s', (precision) => {
  const fixture = new Fixture('curvature', precision);
  const { editSteps, margin } = manifest.curvature;
  const model = modelOf(new Mixed(), fixture.under('model'));
  const names = [...model.parameters.keys()];
  const inBatches = fixture.get('control').splitWithSizes([5, 7]);
  const factors = kroneckerFactors(model, inBatches, { names, classes: manifest.metric.classes });
  const curvature = new KroneckerCurvature(factors, { damping: manifest.metric.damping });
  const constraint = classification(fixture.get('edit.input'), fixture.get('edit.target').item(), { margin });

  it('has the factors of convolutions (strided, padded, dilated, in groups), of a Linear and of a BatchNorm', () => {
    const found = factors.layers.flatMap(({ block: { weight }, matrices }) =>
      matrices.map((matrix, i) => [`${weight?.replace('.weight', '')}.${i}`, matrix] as const),
    );
    fixture.expectAllClose(new Map(found), 'factors');
    expect(factors.count).toBe(12);
  });

  it('solves for several vectors at once', () => {
    const solved = curvature.solve(names.map((name) => fixture.get(`vectors.${name}`)));
    fixture.expectAllClose(new Map(names.map((name, i) => [name, solved[i] as Tensor])), 'solved');
  });

  it('takes the same natural steps, through edit and through the differentiable loop', () => {
    const editor = natural({ curvature, overshoot: 1 });
    const theta = names.map((name) => model.parameters.get(name) as Tensor);
    const lossAt = (values: readonly Tensor[]): Tensor =>
      constraint.loss(
        nn.forward(model, constraint.input, {
          parameters: new Map(names.map((name, i) => [name, values[i] as Tensor])),
        }),
      );
    for (let steps = 1; steps <= editSteps; steps++) {
      const edited = edit(model, constraint, { editor, maxSteps: steps });
      expect([edited.steps, edited.loss <= 0]).toEqual([steps, steps === editSteps]);
      expect(Math.abs(edited.loss - fixture.get(`loss.${steps}`).item())).toBeLessThan(tolerances[precision] * margin);
      fixture.expectAllClose(edited.model.parameters, `theta.${steps}`);
      const looped = editLoop(lossAt, theta, { editor, maxSteps: steps, differentiable: false });
      fixture.expectAllClose(new Map(names.map((name, i) => [name, looped.theta[i] as Tensor])), `theta.${steps}`);
    }
  });
});
