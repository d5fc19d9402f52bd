import { grad, manualSeed, memory, modelOf, nn, randn, resetPeakMemory, scope, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { classification } from '../editing/constraints/classification.js';
import { editorNamed } from '../editing/editors/index.js';
import { selectParameters } from '../editing/layers.js';
import { createModel } from '../models/registry.js';
import { imageClassification } from '../tasks/image-classification.js';
import { baseObjective, editableObjective } from './objective.js';
import { defaultTraining } from './settings.js';
import { Trainer } from './trainer.js';

const model = createModel({ kind: 'cifar-resnet18', width: 2, inChannels: 1, classes: 3 });

describe('baseObjective', () => {
  it('is the divergence from the teacher where the batch has one, and the labels do not matter', () => {
    scope(() => {
      const images = randn([4, 1, 8, 8]);
      const teacher = randn([4, 3]);
      const objectives = [
        [0, 0, 0, 0],
        [2, 1, 2, 1],
      ].map((labels) =>
        baseObjective(imageClassification, model, model.parameters, {
          input: images,
          target: tensor(BigInt64Array.from(labels, BigInt)),
          teacher,
        }),
      );
      const logits = model.call(images, { training: true }).output;
      const softmax = (row: readonly number[]): number[] => {
        const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
        return row.map((value) => Math.exp(value) / total);
      };
      const rows = (values: ArrayLike<number>): number[][] =>
        [0, 1, 2, 3].map((i) => softmax(Array.from(values).slice(3 * i, 3 * i + 3)));
      const [p, q] = [rows(teacher.data() as Float32Array), rows(logits.data() as Float32Array)];
      const expected = p.flatMap((row, i) => row.map((value, j) => value * Math.log(value / q[i]![j]!)));
      const mean = expected.reduce((sum, value) => sum + value, 0) / 4;
      expect(objectives[0]!.base.item()).toBeCloseTo(mean, 5);
      expect(objectives[1]!.base.item()).toBe(objectives[0]!.base.item());
    });
  });
});

describe('editableObjective in bfloat16', () => {
  it('has L_base in it, edits and L_loc in float32', () => {
    scope(() => {
      const layers = modelOf(new nn.Sequential([new nn.Linear(5, 6), new nn.ReLU(), new nn.Linear(6, 3)]));
      const parameters = new Map([...layers.parameters].map(([name, value]) => [name, value.detach().requiresGrad_()]));
      const batch = { input: randn([8, 5]), target: tensor(new BigInt64Array(8)) };
      const editor = editorNamed('rmsprop', { learningRate: 0.01, beta: 0.5 });
      const options = { editor, editable: ['2.weight'], maxSteps: 3, cEdit: 1, cLoc: 1 };
      const constraint = classification(randn([1, 5]), 2, { margin: 1e3 });
      const [ours, exact] = (['bfloat16', 'float32'] as const).map((precision) =>
        editableObjective(imageClassification, layers, parameters, batch, constraint, { ...options, precision }),
      );
      expect([ours!.edit.item(), ours!.locality.item()]).toEqual([exact!.edit.item(), exact!.locality.item()]);
      expect(exact!.locality.item()).toBeGreaterThan(0);
      expect(ours!.base.item()).not.toBe(exact!.base.item());
      expect(ours!.base.item()).toBeCloseTo(exact!.base.item(), 2);
      expect(ours!.total.dtype).toBe('float32');
    });
  });
});

describe('editableObjective with checkpointSteps', () => {
  const double = (tensors: nn.NamedTensors): nn.NamedTensors =>
    new Map([...tensors].map(([name, value]) => [name, value.to('float64').detach().requiresGrad_()]));
  const wide = model.with({
    parameters: double(model.parameters),
    buffers: new Map(
      [...model.buffers].map(([name, value]) => [name, value.dtype === 'float32' ? value.to('float64') : value]),
    ),
  });

  it.each([
    ['layer3', 'rmsprop', false],
    ['layer3', 'rmsprop', true],
    ['all', 'rmsprop', false],
    ['layer2', 'adam', false],
    ['layer4', 'momentum', false],
    ['layer4', 'gd', false],
  ] as const)('gives the gradients of the whole graph: %s, %s, first order %s', (layers, name, firstOrder) => {
    scope(() => {
      manualSeed(1);
      const [images, input] = [randn([4, 1, 8, 8], { dtype: 'float64' }), randn([1, 1, 8, 8], { dtype: 'float64' })];
      const batch = { input: images, target: tensor(BigInt64Array.from([0n, 1n, 2n, 0n])) };
      const raw = tensor(Math.log(1e-3), { dtype: 'float64', requiresGrad: true });
      const parameters = double(wide.parameters);
      const inputs = [...parameters.values(), raw];
      const objective = (checkpointSteps: boolean) =>
        editableObjective(imageClassification, wide, parameters, batch, classification(input, 2, { margin: 50 }), {
          editor: editorNamed(name, { learningRate: raw.exp() }),
          editable: selectParameters(wide, layers),
          maxSteps: 3,
          cEdit: 0.5,
          cLoc: 2,
          firstOrder,
          checkpointSteps,
        });
      const [whole, checkpointed] = [objective(false), objective(true)];
      expect(whole.steps).toBe(3);
      for (const term of ['total', 'edit', 'locality'] as const)
        expect(checkpointed[term].item()).toBeCloseTo(whole[term].item(), 10);
      const expected = grad(whole.edit.mul(0.5).add(whole.locality.mul(2)), inputs, { allowUnused: true });
      const found = checkpointed.editGradients!(inputs);
      const [sizes, errors] = [expected, expected.map((each, i) => each.sub(found[i]!))].map((all) =>
        all.map((each) => each.abs().max().item()),
      ) as [number[], number[]];
      expect(Math.max(...sizes)).toBeGreaterThan(1e-3);
      for (const [i, error] of errors.entries()) expect(error).toBeLessThanOrEqual(1e-9 * (1 + sizes[i]!));
    });
  });

  it('holds less at the peak than the whole graph', () => {
    const settings = { ...defaultTraining, batchSize: 2, editor: { ...defaultTraining.editor, layers: 'all' } };
    const images = randn([2, 1, 8, 8]);
    const batch = { input: images, target: tensor(BigInt64Array.from([0n, 1n])) };
    const wider = createModel({ kind: 'cifar-resnet18', width: 16, inChannels: 1, classes: 3 });
    const peakOf = (checkpointSteps: boolean): number => {
      const trainer = new Trainer(imageClassification, wider, { ...settings, checkpointSteps });
      const constraint = classification(randn([1, 1, 8, 8]), 2, { margin: 1e4 });
      const before = memory().bytes;
      resetPeakMemory();
      expect(trainer.step(batch, constraint, 1e-3).editorSteps).toBe(10);
      return memory().peakBytes - before;
    };
    expect(peakOf(true)).toBeLessThan(0.6 * peakOf(false));
  });
});
