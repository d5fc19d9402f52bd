import { noGrad, randn, scope } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { createModel } from './registry.js';
import { tailOf } from './tail.js';

const model = createModel({ kind: 'resnet20', inChannels: 1, classes: 10, extra: 8 });

describe('tailOf', () => {
  it('gives, after the stages before it, what the whole model gives', () => {
    scope(() => {
      const images = randn([2, 1, 16, 16]);
      const tail = tailOf(model, 'layer3');
      const [whole, inTwo] = noGrad(() => [
        model.call(images).output,
        tail.call(model.call(images, { to: 3 }).output).output,
      ]);
      expect([...inTwo.data()]).toEqual([...whole.data()]);
    });
  });

  it('has the tensors of its stages only, running statistics too', () => {
    const tail = tailOf(model, 'layer3');
    expect(tail.stages.map(({ name }) => name)).toEqual(['layer3', 'extra', 'head']);
    const prefixes = (names: Iterable<string>): string[] => [...new Set([...names].map((name) => name.split('.')[0]!))];
    expect(prefixes(tail.parameters.keys())).toEqual(['layer3', 'extra', 'linear']);
    expect(prefixes(tail.buffers.keys())).toEqual(['layer3']);
    expect([...tailOf(model, 'extra').buffers.keys()]).toEqual([]);
  });

  it('with other tensors is another tail, and the model stays', () => {
    scope(() => {
      const bias = randn([10]);
      const changed = tailOf(model, 'head').with({ parameters: new Map([['linear.bias', bias]]) });
      expect(changed.parameters.get('linear.bias')).toBe(bias);
      expect(changed.stages).toHaveLength(1);
      expect(model.parameters.get('linear.bias')).not.toBe(bias);
    });
  });

  it('refuses a stage that is not there', () => {
    expect(() => tailOf(model, 'layer9')).toThrow(/expected a stage of the model \(stem, layer1, .*received "layer9"/);
  });
});
