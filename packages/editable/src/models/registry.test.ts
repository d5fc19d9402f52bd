import { nn, randn, scope, TorchError } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { EditableError } from '../errors.js';
import { modelHash } from '../patches/model-hash.js';
import { networkNames } from './network-names.js';
import { createModel, type ModelSpec, onDevice, readModelSpec } from './registry.js';

const small: ModelSpec = { kind: 'cifar-resnet18', width: 2, inChannels: 1, classes: 10 };

const failure = (spec: unknown, options = {}): unknown => {
  try {
    return createModel(spec as ModelSpec, options);
  } catch (error) {
    return error;
  }
};

describe('createModel', () => {
  it('gives the same weights for the same seed and others for another', () => {
    expect(modelHash(createModel(small, { seed: 3 }))).toBe(modelHash(createModel(small, { seed: 3 })));
    expect(modelHash(createModel(small, { seed: 4 }))).not.toBe(modelHash(createModel(small, { seed: 3 })));
  });

  it.each(networkNames)('makes %s of any channels and classes, and an extra layer, with plain values', (kind) => {
    const width = kind === 'cifar-resnet18' ? { width: 2 } : {};
    const model = createModel({ kind, ...width, inChannels: 1, classes: 3, extra: 2 } as ModelSpec);
    const shapes = [...model.parameters.values()].map(({ shape }) => shape);
    expect(shapes[0]?.[1]).toBe(1);
    expect(shapes.at(-1)).toEqual([3]);
    expect(model.parameters.get('extra.expand.bias')?.shape).toEqual([2]);
    expect([...model.parameters.values()].some(({ requiresGrad }) => requiresGrad)).toBe(false);
  });

  it.each(networkNames)('makes %s so that it can be optimised for inference', (kind) => {
    const width = kind === 'cifar-resnet18' ? { width: 2 } : {};
    scope(() => {
      const model = createModel({ kind, ...width, inChannels: 1, classes: 3, extra: 2 } as ModelSpec);
      const side = kind === 'vgg16_bn' ? 224 : 64; // oneDNN pools to sizes that divide what comes in
      const picture = randn([1, 1, side, side]);
      using program = nn.optimizeForInference(model, picture); // throws where it answers differently
      expect(program.run(picture).shape).toEqual([1, 3]);
    });
  });

  it.each([
    [{ ...small, width: 0 }, 'width to be a whole number from 1 to 1024, received 0'],
    [{ ...small, width: 2.5 }, 'received 2.5'],
    [{ ...small, width: 1e9 }, 'received 1000000000'],
    [{ ...small, inChannels: -1 }, 'inChannels'],
    [{ ...small, classes: 1 }, 'classes to be a whole number from 2'],
    [{ ...small, classes: undefined }, 'received undefined'],
    [{ ...small, kind: 'resnet20' }, 'resnet20 expects no width, received 2; cifar-resnet18 has one'],
    [{ ...small, kind: 'vgg' }, 'there is no model "vgg"; known: cifar-resnet18, resnet20'],
    [{ kind: 'torchscript', file: '../model.pt' }, 'the name of a file in the run\'s folder, received "../model.pt"'],
    [{ kind: 'torchscript', file: '/model.pt' }, 'received "/model.pt"'],
    [{ kind: 'torchscript' }, 'received undefined'],
  ])('refuses %j', (spec, message) => {
    const error = failure(spec);
    expect(error).toBeInstanceOf(EditableError);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
  });

  it('refuses seeds that are no whole numbers, and TorchScript files that are not there', () => {
    expect(failure(small, { seed: 0.5 })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const error = failure({ kind: 'torchscript', file: 'absent.pt' }, { folder: '/nowhere' });
    expect(error).toBeInstanceOf(TorchError);
    expect(error).toMatchObject({ code: 'INVALID_FILE', message: expect.stringContaining('/nowhere/absent.pt') });
  });
});

describe('readModelSpec', () => {
  it('takes resnet18 of a width for the form for small images, and leaves the rest', () => {
    const earlier = { kind: 'resnet18', width: 2, inChannels: 1, classes: 10 };
    expect(readModelSpec(earlier as unknown as ModelSpec)).toEqual(small);
    const other = { kind: 'resnet20', inChannels: 1, classes: 10 } as const;
    expect(readModelSpec(other)).toBe(other);
  });
});

describe('onDevice', () => {
  it('shares the tensors that are there already', () => {
    const model = createModel(small);
    expect(onDevice(model, 'cpu').parameters.get('fc.weight')).toBe(model.parameters.get('fc.weight'));
  });
});
