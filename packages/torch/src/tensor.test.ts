import { describe, expect, it } from 'vitest';
import { add, conv2d, grad, memory, noGrad, ones, openScope, scope, type TorchError, tensor, zeros } from './index.js';

describe('tensor', () => {
  it('takes its shape from nested arrays', () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(x.shape).toEqual([2, 3]);
    expect(x.dtype).toBe('float32');
    expect(x.tolist()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('keeps the type of a typed array', () => {
    expect(tensor(new BigInt64Array([1n, -2n])).dtype).toBe('int64');
    expect(tensor(new Float64Array([0.1])).item()).toBe(0.1);
    expect([...(tensor(new BigInt64Array([2n ** 60n])).data() as BigInt64Array)]).toEqual([2n ** 60n]);
  });

  it('refuses ragged nesting', () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(/ragged/);
  });
});

describe('operators', () => {
  it('are methods and functions', () => {
    const x = tensor([1, 2, 3]);
    expect(x.add(1).tolist()).toEqual([2, 3, 4]);
    expect(add(x, x, { alpha: 2 }).tolist()).toEqual([3, 6, 9]);
    expect(x.sum().item()).toBe(6);
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ])
        .sum([0], { keepdim: true })
        .tolist(),
    ).toEqual([[4, 6]]);
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ])
        .max(1)[1]
        .tolist(),
    ).toEqual([1, 1]);
    expect(x.mul(0.5).to('float64').dtype).toBe('float64');
  });

  it('name the operator, the shapes that came and the signature when they fail', () => {
    const error = (() => {
      try {
        conv2d(zeros([2, 8, 8, 3]), zeros([4, 3, 3, 3]));
      } catch (thrown) {
        return thrown as TorchError;
      }
      throw new Error('did not throw');
    })();
    expect(error.code).toBe('OPERATOR_FAILED');
    expect(error.message).toMatch(/^conv2d: .*float32\[2, 8, 8, 3\], float32\[4, 3, 3, 3\].*expected conv2d\(/);
    expect(error.stack).toContain('tensor.test.ts');
  });

  it('say which options exist', () => {
    expect(() => (add as unknown as (...args: unknown[]) => unknown)(ones([1]), ones([1]), { beta: 2 })).toThrow(
      /no option named beta; known: alpha/,
    );
    expect(() => (add as unknown as (...args: unknown[]) => unknown)(ones([1]), 'x')).toThrow(
      /add: received \(float32\[1\], x\)/,
    );
  });
});

describe('grad', () => {
  it('is differentiable itself with createGraph', () => {
    const x = tensor(3, { requiresGrad: true });
    const [first] = grad(x.pow(3), [x], { createGraph: true });
    const [second] = grad(first!, [x], { createGraph: true });
    const [third] = grad(second!, [x]);
    expect([first!.item(), second!.item(), third!.item()]).toEqual([27, 18, 6]);
  });

  it('records nothing inside noGrad, and records again after a throw in it', () => {
    const x = tensor(3, { requiresGrad: true });
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(() =>
      noGrad(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(x.mul(2).requiresGrad).toBe(true);
  });
});

describe('scope', () => {
  it('frees all but what it returns', () => {
    const before = memory();
    const y = scope(() => {
      const x = ones([1000]);
      return { kept: [x.add(1).mul(2)] };
    });
    expect(memory().tensors).toBe(before.tensors + 1);
    expect(y.kept[0]!.sum().item()).toBe(4000);
    y.kept[0]!.dispose();
  });

  it('frees everything when its body throws', () => {
    const before = memory();
    expect(() =>
      scope(() => {
        ones([1000]).add(1);
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it('ends with its block under using', () => {
    const before = memory();
    {
      using _ = openScope();
      ones([1000]).add(1);
      expect(memory().tensors).toBe(before.tensors + 2);
    }
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it('refuses promises', () => {
    expect(() => scope(async () => 1)).toThrow(/Promise/);
  });

  it('explains the use of a freed tensor', () => {
    const x = ones([1]);
    x.dispose();
    expect(() => x.add(1)).toThrow(/add: .*freed/);
  });
});
