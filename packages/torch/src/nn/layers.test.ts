import { describe, expect, it } from 'vitest';
import { manualSeed, nn, ones, type Tensor, tensor } from '../index.js';

const context = (training: boolean): nn.Context => ({ training, read: (slot) => slot.initial, write: () => {} });

describe('Dropout', () => {
  it('zeroes some and doubles the rest in training, and does nothing otherwise', () => {
    manualSeed(1);
    const dropout = new nn.Dropout(0.5);
    const values = [...dropout.forward(ones([1000]), context(true)).data()];
    expect(new Set(values)).toEqual(new Set([0, 2]));
    expect(Math.abs(values.filter((value) => value === 0).length - 500)).toBeLessThan(80);
    const input = ones([4]);
    expect(dropout.forward(input, context(false))).toBe(input);
  });

  it('refuses what is no probability', () => {
    expect(() => new nn.Dropout(1.5)).toThrow('Dropout: expected a probability from 0 to 1, received 1.5.');
  });
});

describe('Embedding', () => {
  it('looks rows up and starts the padding row as zeros', () => {
    const embedding = new nn.Embedding(3, 2, { paddingIdx: 2 });
    const rows = embedding.forward(tensor(new BigInt64Array([2n, 0n])), context(false)).tolist() as number[][];
    expect(rows[0]).toEqual([0, 0]);
    expect(rows[1]).toEqual((embedding.weight.initial.tolist() as number[][])[0]);
  });
});

describe('MultiheadAttention', () => {
  it('refuses a width that its heads do not divide', () => {
    expect(() => new nn.MultiheadAttention(6, 4)).toThrow(/4 heads divide evenly, received 6/);
  });

  it('starts as torch does: Xavier within its bound, biases zero', () => {
    manualSeed(1);
    const { in_proj_weight, in_proj_bias, out_proj } = new nn.MultiheadAttention(8, 2);
    const bound = Math.sqrt(6 / (8 + 24));
    const largest = in_proj_weight.initial.abs().max().item();
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.9 * bound);
    expect([in_proj_bias, out_proj.bias].map((slot) => slot!.initial.abs().max().item())).toEqual([0, 0]);
  });

  it('drops attention in training only', () => {
    manualSeed(1);
    const attention = new nn.MultiheadAttention(4, 2, { dropout: 0.5 });
    const query = ones([1, 3, 4]);
    const run = (training: boolean): Tensor => attention.forward({ query }, context(training));
    expect(run(false).equal(run(false))).toBe(true);
    expect(run(true).equal(run(true))).toBe(false);
  });
});

describe('Sequential', () => {
  it('runs its modules in turn and names their tensors by position', () => {
    const net = new nn.Sequential([new nn.Flatten(), new nn.Linear(4, 2), new nn.ReLU(), new nn.Dropout()]);
    expect([...net.slots().keys()]).toEqual(['1.weight', '1.bias']);
    const parameters = new Map([
      [
        '1.weight',
        tensor([
          [1, 1, 1, 1],
          [-1, -1, -1, -1],
        ]),
      ],
      ['1.bias', tensor([0.5, 0.5])],
    ]);
    expect(nn.functionalCall(net, parameters, ones([1, 1, 2, 2])).output.tolist()).toEqual([[4.5, 0]]);
  });

  it('takes names in place of positions', () => {
    const net = new nn.Sequential({ conv0: new nn.Flatten(), last: new nn.Linear(4, 1, { bias: false }) });
    expect([...net.slots().keys()]).toEqual(['last.weight']);
    const parameters = new Map([['last.weight', tensor([[1, 2, 3, 4]])]]);
    expect(nn.functionalCall(net, parameters, ones([1, 1, 2, 2])).output.tolist()).toEqual([[10]]);
  });
});
