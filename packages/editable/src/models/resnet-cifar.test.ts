import { modelOf, type nn, scope, zeros } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { BasicBlock } from './residual.js';
import { resnet20, resnet32, resnet44, resnet56, resnet110 } from './resnet-cifar.js';

const weights = (module: nn.Module): number =>
  [...modelOf(module).parameters.values()].reduce((sum, value) => sum + value.numel, 0);

describe('resnet-cifar', () => {
  // Table 6 of the paper: 0.27, 0.46, 0.66, 0.85 and 1.7 million.
  it.each([
    ['resnet20', resnet20, 269_722],
    ['resnet32', resnet32, 464_154],
    ['resnet44', resnet44, 658_586],
    ['resnet56', resnet56, 853_018],
    ['resnet110', resnet110, 1_727_962],
  ] as const)('%s has the parameters of He et al.', (_, make, expected) => {
    expect(scope(() => weights(make()))).toBe(expected);
  });

  it('names tensors as the published checkpoints do, in stages', () => {
    const model = modelOf(resnet20());
    expect(model.stages.map(({ name }) => name)).toEqual(['stem', 'layer1', 'layer2', 'layer3', 'head']);
    expect(model.parameters.get('layer2.0.conv1.weight')?.shape).toEqual([32, 16, 3, 3]);
    expect(model.stages.at(-1)?.parameters).toEqual(['linear.weight', 'linear.bias']);
    expect([...model.parameters.keys()].filter((name) => name.includes('downsample'))).toEqual([]);
    expect(model.call(zeros([2, 3, 32, 32])).output.shape).toEqual([2, 10]);
  });

  it('takes other channels and classes', () => {
    expect(modelOf(resnet20({ inChannels: 1, classes: 7 })).call(zeros([1, 1, 28, 28])).output.shape).toEqual([1, 7]);
  });

  it('subsamples its shortcuts and puts the new channels half on each side', () => {
    const silent = modelOf(new BasicBlock(2, 4, 2, 'subsampling'));
    const parameters = new Map([...silent.parameters].map(([name, value]) => [name, value.zerosLike()]));
    const input = zeros([1, 2, 4, 4]).add(1);
    const { output } = silent.with({ parameters }).call(input);
    expect(output.sum([0, 2, 3]).tolist()).toEqual([0, 4, 4, 0]);
  });
});
