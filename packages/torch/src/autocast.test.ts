import { describe, expect, it } from 'vitest';
import { autocast, conv2d, grad, manualSeed, memory, modelOf, nn, randn, scope, type Tensor } from './index.js';

manualSeed(2);
const input = randn([4, 8, 9, 9]);
const weight = randn([6, 8, 3, 3]).mul(0.1).requiresGrad_();
const [whole, whole2] = [randn([5, 5]), randn([5, 5])];

/** The largest difference, in the largest values. */
const distance = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item() / b.abs().max().item();

describe('autocast', () => {
  it('computes a convolution in bfloat16, and its gradient comes back in float32', () => {
    const output = autocast('bfloat16', () => conv2d(input, weight));
    const cast = conv2d(input.to('bfloat16'), weight.to('bfloat16'));
    expect(output.dtype).toBe('bfloat16');
    expect(output.equal(cast)).toBe(true);
    const [ours, exact] = [output.to('float32'), conv2d(input, weight)].map(
      (each) => grad(each.pow(2).sum(), [weight])[0] as Tensor,
    );
    expect(ours!.dtype).toBe('float32');
    expect(distance(ours!, exact!)).toBeGreaterThan(0);
    expect(distance(ours!, exact!)).toBeLessThan(0.02);
  });

  it('ends with its body, inside another and after a throw too', () => {
    const product = (): string => whole.matmul(whole2).dtype;
    const thrown = (): void =>
      autocast('bfloat16', () => {
        throw new Error('inside');
      });
    expect([product(), autocast('bfloat16', () => [autocast('bfloat16', product), product()]), product()]).toEqual([
      'float32',
      ['bfloat16', 'bfloat16'],
      'float32',
    ]);
    expect(thrown).toThrow('inside');
    expect(product()).toBe('float32');
  });

  it('gives batch norms what they add up in float32, across processes too', () => {
    const layer = modelOf(new nn.BatchNorm2d(8));
    const half = input.mul(3).add(5).to('bfloat16');
    const [alone, across] = [{}, { across: { sum: (value: Tensor) => value } }].map((options) =>
      layer.call(half, { training: true, ...options }),
    );
    expect([alone!.output.dtype, across!.output.dtype]).toEqual(['bfloat16', 'bfloat16']);
    expect(distance(across!.output.to('float32'), alone!.output.to('float32'))).toBeLessThan(0.01);
    for (const name of ['running_mean', 'running_var'])
      expect(distance(across!.buffers.get(name)!, alone!.buffers.get(name)!)).toBeLessThan(1e-5);
  });

  it('keeps no casts of weights', () => {
    const before = memory().bytes;
    scope(() => autocast('bfloat16', () => conv2d(input, weight).sum().item()));
    expect(memory().bytes).toBe(before);
  });
});
