import { grad, noGrad, randn, scope, type Tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { classification } from '../editing/constraints/classification.js';
import { edit } from '../editing/edit.js';
import { rmsprop } from '../editing/editors/index.js';
import { createModel, grownFrom, type ModelSpec } from './registry.js';

const specs: readonly ModelSpec[] = [
  { kind: 'cifar-resnet18', width: 2, inChannels: 1, classes: 10 },
  { kind: 'resnet20', inChannels: 1, classes: 10 },
  { kind: 'resnet18', inChannels: 1, classes: 10 },
  { kind: 'densenet121', inChannels: 1, classes: 10 },
  { kind: 'mobilenet_v2', inChannels: 1, classes: 10 },
  { kind: 'squeezenet1_1', inChannels: 1, classes: 10 },
];

describe.each(specs)('the extra layer of $kind', (spec) => {
  const start = createModel(spec, { seed: 3 });
  const grown = grownFrom(start, { ...spec, extra: 24 } as ModelSpec);

  it('changes nothing while it is new', () => {
    scope(() => {
      const images = randn([3, 1, 32, 32]);
      const [before, after] = noGrad(() => [start.call(images).output, grown.call(images).output]);
      expect([...after.data()]).toEqual([...before.data()]);
    });
  });

  it('is a stage of its own before the last linear layer, with torchvision-like names', () => {
    // SqueezeNet's last layer is a convolution, and pooled afterwards.
    const last = spec.kind === 'squeezenet1_1' ? ['head', 'extra'] : ['extra', 'head'];
    expect(grown.stages.map(({ name }) => name)).toEqual([
      ...start.stages.slice(0, -1).map(({ name }) => name),
      ...last,
    ]);
    expect([...grown.parameters.keys()].filter((name) => !start.parameters.has(name))).toEqual([
      'extra.expand.weight',
      'extra.expand.bias',
      'extra.contract.weight',
      'extra.contract.bias',
    ]);
  });

  it('can be edited alone', () => {
    scope(() => {
      const constraint = classification(randn([1, 1, 32, 32]), 7);
      const { success, changed, model } = edit(grown, constraint, {
        editor: rmsprop({ learningRate: 0.05 }),
        layers: 'extra',
      });
      expect(success).toBe(true);
      expect(changed.every((name) => name.startsWith('extra.'))).toBe(true);
      const [[first, weight]] = grown.parameters as unknown as [[string, Tensor]];
      expect(model.parameters.get(first)).toBe(weight);
    });
  });

  it('learns: its last weights have a gradient from the start', () => {
    scope(() => {
      const weight = grown.parameters.get('extra.contract.weight')!.detach().clone().requiresGrad_();
      const parameters = new Map([...grown.parameters, ['extra.contract.weight', weight] as const]);
      const loss = grown
        .call(randn([4, 1, 32, 32]), { parameters })
        .output.square()
        .mean();
      expect(grad(loss, [weight])[0]!.abs().sum().item()).toBeGreaterThan(0);
    });
  });
});

describe('createModel', () => {
  it('refuses an extra layer without units', () => {
    const spec = { kind: 'resnet20', inChannels: 3, classes: 10, extra: 0 } as const;
    expect(() => createModel(spec)).toThrow(/extra to be a whole number from 1/);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a gain of %s', (gain) => {
    const extra = { hidden: 4, standardized: true, gain } as const;
    expect(() => createModel({ kind: 'resnet20', inChannels: 3, classes: 10, extra })).toThrow(
      `extra.gain to be a number above 0, received ${gain}`,
    );
  });

  it('begins W₁ of an extra layer so many times as large as its gain says, and nothing else', () => {
    const [plain, larger] = [{}, { gain: 4 }].map((gain) =>
      createModel({
        ...{ kind: 'resnet20', inChannels: 3, classes: 10 },
        extra: { hidden: 4, standardized: true, ...gain },
      }),
    );
    for (const [name, value] of plain!.parameters) {
      const times = name === 'extra.expand.weight' ? 4 : 1;
      expect(larger!.parameters.get(name)!.equal(value.mul(times)), name).toBe(true);
    }
  });
});
