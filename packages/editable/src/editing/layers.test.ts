import { describe, expect, it } from 'vitest';
import { createModel } from '../models/registry.js';
import { tailOf } from '../models/tail.js';
import { layerSubsets } from '../tuning/layer-subsets.js';
import { selectParameters } from './layers.js';

const small = createModel({ kind: 'cifar-resnet18', width: 2, inChannels: 1, classes: 3 });
const mobile = createModel({ kind: 'mobilenet_v2', inChannels: 3, classes: 3 });

const modulesOf = (names: readonly string[]): string[] => [
  ...new Set(names.map((name) => name.split('.').slice(0, 2).join('.'))),
];

describe('selectParameters', () => {
  it('takes chain-3 and 3 for layer3 where no stages are called so', () => {
    const wanted = selectParameters(small, 'layer3');
    expect(wanted).toHaveLength(15);
    expect(selectParameters(small, 'chain-3')).toEqual(wanted);
    expect(selectParameters(small, 3)).toEqual(wanted);
  });

  it('takes all stages of a group by its name, and one by its own', () => {
    expect(modulesOf(selectParameters(mobile, 'chain-1'))).toEqual(['features.2', 'features.3']);
    expect(modulesOf(selectParameters(mobile, 2))).toEqual(['features.4', 'features.5', 'features.6']);
    expect(modulesOf(selectParameters(mobile, ['stem', 'head']))).toEqual(['features.0', 'features.1', 'classifier.1']);
    expect(selectParameters(mobile, 'features.1')).toEqual(
      [...mobile.parameters.keys()].filter((name) => name.startsWith('features.1.')),
    );
  });

  it.each([
    ['densenet121', 'chain-3', ['denseblock3', 'transition3']],
    ['densenet169', 'chain-4', ['denseblock4', 'norm5']],
    ['squeezenet1_0', 'chain-2', ['7', '8', '9', '10']],
    ['squeezenet1_1', 'chain-3', ['9', '10', '11', '12']],
  ] as const)('takes what has one resolution in %s for %s', (kind, group, wanted) => {
    const model = createModel({ kind, inChannels: 3, classes: 3 });
    expect(modulesOf(selectParameters(model, group))).toEqual(wanted.map((name) => `features.${name}`));
  });

  it('names groups and modules where a name selects nothing', () => {
    expect(() => selectParameters(mobile, 'layer3')).toThrow(
      'layers: "layer3" selects no parameter of this model; it has stem, chain-1, chain-2, chain-3, chain-4, features, classifier, or use "all".',
    );
  });
});

describe('tailOf', () => {
  it('begins with the first stage of a group', () => {
    expect(tailOf(mobile, 'chain-4').stages.map(({ name }) => name)).toEqual([
      'features.14',
      'features.15',
      'features.16',
      'features.17',
      'features.18',
      'head',
    ]);
  });
});

describe('layerSubsets', () => {
  it('are groups, not each of their stages', () => {
    expect(layerSubsets(mobile)).toEqual(['stem', 'chain-1', 'chain-2', 'chain-3', 'chain-4', 'head', 'all']);
  });
});
