/** Ours beside PyTorch's recorded answers: ResNet-18, every editor's path, the objective's gradients (record.py). */
import { grad, modelOf, type nn, type Tensor } from '@editable/torch';
import {
  classification,
  type Editor,
  editableObjective,
  editLoop,
  editorNamed,
  editorNames,
  resnet18,
  selectParameters,
} from 'editable';
import { describe, expect, it } from 'vitest';
import { Fixture, manifest, type Precision } from './fixtures.js';

const precisions: readonly Precision[] = ['float32', 'float64'];

const leaves = (tensors: nn.NamedTensors): Map<string, Tensor> =>
  new Map([...tensors].map(([name, value]) => [name, value.detach().requiresGrad_()]));

const gradients = (loss: Tensor, theta: nn.NamedTensors, createGraph = false): Map<string, Tensor> => {
  const found = grad(loss, [...theta.values()], { createGraph, retainGraph: true, allowUnused: true });
  return new Map([...theta.keys()].map((name, i) => [name, found[i] as Tensor]));
};

describe.each(precisions)('resnet18 in %s', (precision) => {
  const fixture = new Fixture('resnet18', precision);
  const model = modelOf(resnet18({ width: manifest.resnet18.width }), fixture.under('model'));
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
  const model = modelOf(resnet18({ width: settings.width }), fixture.under('model'));
  const editable = selectParameters(model, 'layer3');
  const constraint = classification(fixture.get('edit.input'), fixture.get('edit.target').item(), {
    margin: settings.margin,
  });
  const editorOf = (name: string, hyperparameters: Readonly<Record<string, number | Tensor>>): Editor =>
    editorNamed(name, hyperparameters);

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
      model,
      theta,
      { images: fixture.get('batch.input'), labels: fixture.get('batch.labels') },
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
