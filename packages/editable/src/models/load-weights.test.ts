import { type HostTensor, memory, modelOf, nn, ones, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { EditableError } from '../errors.js';
import { type Weights, withWeights } from './load-weights.js';

class Small extends nn.Module {
  readonly fc = new nn.Linear(2, 1);
  readonly bn = new nn.BatchNorm2d(1);
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.fc.forward(input, context);
  }
}

const model = modelOf(new Small());

const host = (values: readonly number[], shape: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});

const checkpoint = (): Map<string, HostTensor> =>
  new Map([
    ['fc.weight', host([1, 2], [1, 2])],
    ['fc.bias', host([3], [1])],
    ['bn.weight', host([4], [1])],
    ['bn.bias', host([5], [1])],
    ['bn.running_mean', host([6], [1])],
    ['bn.running_var', host([7], [1])],
  ]);

const failure = (weights: Weights): EditableError => {
  try {
    withWeights(model, weights, 'old.th');
  } catch (error) {
    if (error instanceof EditableError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('withWeights', () => {
  it('takes every tensor; num_batches_tracked may be missing, as in files of 2018', () => {
    const loaded = withWeights(model, checkpoint(), 'old.th');
    expect(loaded.call(tensor([[10, 1]])).output.tolist()).toEqual([[15]]);
    expect(loaded.buffers.get('bn.running_var')?.tolist()).toEqual([7]);
    expect(loaded.buffers.get('bn.num_batches_tracked')?.item()).toBe(0);
    expect(model.call(tensor([[0, 0]])).output.tolist()).not.toEqual([[3]]);
  });

  it('takes libtorch tensors, in the model’s dtype and without their graph', () => {
    const given = new Map<string, HostTensor | Tensor>(checkpoint());
    given.set('fc.weight', ones([1, 2], { dtype: 'float64' }).requiresGrad_());
    const weight = withWeights(model, given, 'x').parameters.get('fc.weight') as Tensor;
    expect([weight.dtype, weight.requiresGrad, weight.tolist()]).toEqual(['float32', false, [[1, 1]]]);
  });

  it('takes a tied weight once or, as PyTorch writes it, under both of its names', () => {
    class Tied extends nn.Module {
      readonly embedding = new nn.Linear(2, 2, { bias: false });
      readonly output = Object.assign(new nn.Linear(2, 2, { bias: false }), { weight: this.embedding.weight });
      override forward(input: Tensor, context: nn.Context): Tensor {
        return this.output.forward(this.embedding.forward(input, context), context);
      }
    }
    const weight = host([0, 2, 1, 0], [2, 2]);
    for (const names of [['embedding.weight'], ['output.weight'], ['embedding.weight', 'output.weight']]) {
      const loaded = withWeights(modelOf(new Tied()), new Map(names.map((name) => [name, weight])), 'tied.pth');
      expect(loaded.call(tensor([[3, 4]])).output.tolist()).toEqual([[6, 8]]);
    }
  });

  it('takes the names that the published files of DenseNets have: norm.1 for norm1', () => {
    class Layer extends nn.Module {
      readonly denselayer1 = new nn.Sequential({ norm1: new nn.BatchNorm2d(1), conv1: new nn.Conv2d(1, 1, 1) });
      override forward(input: Tensor): Tensor {
        return input;
      }
    }
    const block = modelOf(new nn.Sequential({ denseblock1: new Layer() }));
    const all = new Map([...block.parameters, ...block.buffers]);
    const published = new Map([...all].map(([name, value]) => [name.replace(/(norm|conv)1/, '$1.1'), value.add(2)]));
    expect([...published.keys()]).toContain('denseblock1.denselayer1.norm.1.running_mean');
    const loaded = withWeights(block, published, 'densenet.pth');
    expect(loaded.parameters.get('denseblock1.denselayer1.norm1.weight')?.tolist()).toEqual([3]);
    expect(loaded.buffers.get('denseblock1.denselayer1.norm1.running_mean')?.tolist()).toEqual([2]);
  });

  it('names the first few mismatches and counts the others', () => {
    const other = checkpoint();
    other.set('fc.weight', host([1, 2], [2, 1]));
    other.delete('fc.bias');
    for (const name of ['linear.bias', 'linear.weight']) other.set(name, host([1], [1]));
    expect(failure(other).code).toBe('INVALID_FILE');
    expect(failure(other).message).toBe(
      'old.th is a checkpoint of another model: expected fc.weight [1, 2], received [2, 1]; expected fc.bias [1], which is missing; ' +
        '"linear.bias", which it has, is not in the model; and 1 more. Check the model\'s name, width, channels and classes.',
    );
  });

  it('refuses whole numbers for weights', () => {
    const other = checkpoint();
    other.set('fc.bias', { dtype: 'int32', shape: [1], bytes: new Uint8Array(4) });
    expect(failure(other).message).toContain('expected fc.bias [1] in float32, received int32');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s, naming the tensor, and keeps no memory', (value) => {
    const bad = checkpoint().set('bn.running_var', host([value], [1]));
    const before = memory().tensors;
    const error = failure(bad);
    expect([error.code, error.message.slice(0, 24)]).toEqual(['NOT_FINITE', 'old.th: bn.running_var h']);
    expect(memory().tensors).toBe(before);
  });
});
