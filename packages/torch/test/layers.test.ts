/** Every layer against PyTorch in float64: values, gradients, gradients of gradients (fixtures/record.py). */
import { grad, nn, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { expectClose, loadFixture, under } from './fixtures.js';

const tolerance = 1e-10;

// Keep in step with the sizes of record.py.
const [dim, heads] = [4, 2];
const causal = tensor([
  [false, true, true],
  [false, false, true],
  [false, false, false],
]);
const padding = tensor([
  [false, false, false],
  [false, false, true],
]);
const keyPadding = tensor([
  [false, false, true, true],
  [false, false, false, false],
]);
const scores = tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], { shape: [3, 4], dtype: 'float64' }).div(10);
const encoder = { feedForward: 5, dropout: 0 } as const;
const normFirst = { ...encoder, activation: 'gelu', normFirst: true } as const;

interface Layer {
  readonly module: nn.Module<never>;
  readonly run: (inputs: readonly Tensor[], context: nn.Context) => Tensor;
}

const single = (module: nn.Module): Layer => ({ module, run: ([x], context) => module.forward(x!, context) });

const layer = <Input>(module: nn.Module<Input>, inputOf: (...inputs: readonly Tensor[]) => Input): Layer => ({
  module,
  run: (inputs, context) => module.forward(inputOf(...inputs), context),
});

const layers: Readonly<Record<string, () => Layer>> = {
  relu: () => single(new nn.ReLU()),
  relu6: () => single(new nn.ReLU6()),
  hardsigmoid: () => single(new nn.Hardsigmoid()),
  hardswish: () => single(new nn.Hardswish()),
  elu: () => single(new nn.ELU({ alpha: 0.5 })),
  gelu: () => single(new nn.GELU()),
  'gelu-tanh': () => single(new nn.GELU({ approximate: 'tanh' })),
  'max-pool2d': () => single(new nn.MaxPool2d(3, { stride: 2, ceilMode: true })),
  'max-pool2d-padded': () => single(new nn.MaxPool2d(3, { padding: 1, dilation: 2 })),
  'avg-pool2d': () => single(new nn.AvgPool2d(2)),
  'avg-pool2d-padded': () => single(new nn.AvgPool2d(3, { stride: 2, padding: 1, countIncludePad: false })),
  'adaptive-avg-pool2d': () => single(new nn.AdaptiveAvgPool2d([2, 3])),
  flatten: () => single(new nn.Flatten()),
  conv2d: () => single(new nn.Conv2d(4, 6, 3, { stride: 2, padding: 1, groups: 2 })),
  'batch-norm2d': () => single(new nn.BatchNorm2d(3)),
  linear: () => single(new nn.Linear(dim, 3)),
  'layer-norm': () => single(new nn.LayerNorm(dim, { eps: 1e-3 })),
  embedding: () => single(new nn.Embedding(5, dim, { paddingIdx: 1 })),
  attention: () =>
    layer(new nn.MultiheadAttention(dim, heads), (query) => ({ query: query!, mask: causal, keyPaddingMask: padding })),
  'cross-attention': () =>
    layer(new nn.MultiheadAttention(dim, heads), (query, key, value) => ({ query: query!, key, value, mask: scores })),
  encoder: () =>
    layer(new nn.TransformerEncoderLayer(dim, heads, encoder), (source) => ({
      source: source!,
      mask: causal,
      keyPaddingMask: padding,
    })),
  'encoder-norm-first': () =>
    layer(new nn.TransformerEncoderLayer(dim, heads, normFirst), (source) => ({ source: source! })),
  decoder: () =>
    layer(new nn.TransformerDecoderLayer(dim, heads, encoder), (target, memory) => ({
      target: target!,
      memory: memory!,
      targetMask: causal,
      memoryMask: scores,
      targetKeyPaddingMask: padding,
      memoryKeyPaddingMask: keyPadding,
    })),
  'decoder-norm-first': () =>
    layer(new nn.TransformerDecoderLayer(dim, heads, normFirst), (target, memory) => ({
      target: target!,
      memory: memory!,
    })),
};

const { tensors, metadata } = loadFixture('layers.safetensors');

describe.each(Object.entries(layers))('layer %s', (name, make) => {
  const recorded = under(tensors, name);
  const { module, run } = make();
  const slots = module.slots();

  /** Training mode, as recorded; what forward writes goes to `written`. */
  function call(
    values: ReadonlyMap<string, Tensor>,
    inputs: readonly Tensor[],
  ): { output: Tensor; written: Map<string, Tensor> } {
    const nameOf = new Map([...slots].map(([key, slot]) => [slot, key]));
    const written = new Map<string, Tensor>();
    const context: nn.Context = {
      training: true,
      read: (slot) => values.get(nameOf.get(slot)!)!,
      write: (slot, value) => written.set(nameOf.get(slot)!, value),
    };
    return { output: run(inputs, context), written };
  }

  it('has the names and shapes of PyTorch’s parameters and buffers', () => {
    expect([...slots.keys()].join()).toBe(metadata.get(name));
    for (const [key, value] of under(recorded, 'tensor')) expect(slots.get(key)?.initial.shape).toEqual(value.shape);
  });

  it('computes what PyTorch computes, and its gradients to the second order', () => {
    const values = under(recorded, 'tensor');
    const inputs = under(recorded, 'input');
    const leaves = new Map([
      ...[...values].filter(([key]) => slots.get(key)?.kind === 'parameter'),
      ...[...inputs].filter(([, value]) => value.dtype === 'float64'),
    ]);
    for (const leaf of leaves.values()) leaf.requiresGrad_();
    const { output, written } = call(values, [...inputs.values()]);
    expectClose(output, recorded.get('output'), tolerance, 'output');
    for (const [key, value] of under(recorded, 'after')) expectClose(written.get(key)!, value, tolerance, key);

    const sources = [...leaves.values()];
    const loss = output.pow(2).mul(recorded.get('seed')!).sum();
    const first = grad(loss, sources, { createGraph: true });
    const norm = first.map((gradient) => gradient.pow(2).sum()).reduce((a, b) => a.add(b));
    const second = grad(norm, sources, { allowUnused: true });
    for (const [i, key] of [...leaves.keys()].entries()) {
      expectClose(first[i]!, recorded.get(`first.${key}`), tolerance, `gradient of ${key}`);
      expectClose(second[i]!, recorded.get(`second.${key}`), tolerance, `second-order gradient of ${key}`);
    }
  });
});
