/** Native memory is the same before and after: counted tensors, counted bytes, and what the process holds. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { forward, grad, memory, modelOf, nn, openScope, optim, randn, scope } from '@editable/torch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let before = memory();
beforeEach(() => {
  before = memory();
});
afterEach(() => {
  expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
});

/** What glibc may take from the kernel at once without a leak (the addon's M_TOP_PAD). */
const slack = 64 * 2 ** 20;

function model(): ReturnType<typeof modelOf> {
  const net = modelOf(
    new nn.Sequential([
      new nn.Conv2d(3, 8, 3, { padding: 1 }),
      new nn.BatchNorm2d(8),
      new nn.ReLU(),
      new nn.MaxPool2d(4),
      new nn.Flatten(),
      new nn.Linear(128, 4),
    ]),
  );
  for (const parameter of net.parameters.values()) parameter.requiresGrad_();
  return net;
}

/** Frees a model's tensors, which outlive every scope but the test's. */
const inTest = (body: () => void): void => {
  using _ = openScope();
  body();
};

describe('scope', () => {
  it('holds nothing after nested scopes', () => {
    for (let i = 0; i < 100; i++) {
      const kept = scope(() => scope(() => [randn([1000]), randn([10])])[0]!.mul(2));
      kept.dispose();
    }
  });

  it('holds nothing after throws at any depth, from libtorch or from the caller', () => {
    for (let i = 0; i < 100; i++) {
      expect(() => scope(() => scope(() => randn([1000]).add(randn([999]))))).toThrow(/add/);
      expect(() =>
        scope(() => {
          randn([1000]).requiresGrad_().mul(2).sum();
          throw new Error('inside');
        }),
      ).toThrow('inside');
    }
  });

  it('frees graphs with the tensors that hold them', () => {
    const x = randn([1000]).requiresGrad_();
    const y = scope(() => x.mul(2).exp().sum());
    expect(memory().bytes - before.bytes).toBeGreaterThan(2 * 4000); // x, and what exp saved
    y.dispose();
    expect(memory().bytes - before.bytes).toBe(4000);
    x.dispose();
  });
});

describe('gradients', () => {
  it('of the second order leave nothing in 1,000 rounds, counted or resident', () => {
    inTest(() => {
      const net = model();
      const [input, parameters] = [randn([8, 3, 16, 16]), [...net.parameters.values()]];
      const start = memory();
      const round = (): void =>
        scope(() => {
          const loss = forward(net, input, { training: true }).square().mean();
          const first = grad(loss, parameters, { createGraph: true });
          grad(
            first.map((gradient) => gradient.square().sum()).reduce((a, b) => a.add(b)),
            parameters,
          );
        });
      for (let i = 0; i < 50; i++) round();
      const resident = process.memoryUsage.rss();
      for (let i = 0; i < 950; i++) round();
      expect(memory()).toMatchObject({ tensors: start.tensors, bytes: start.bytes });
      expect(process.memoryUsage.rss() - resident).toBeLessThan(slack); // one forward's tensors a round would be 170 MB
    });
  });
});

describe('optimizers', () => {
  it('leave nothing but their state in 200 training steps', () => {
    inTest(() => {
      const net = model();
      const [input, parameters] = [randn([8, 3, 16, 16]), [...net.parameters.values()]];
      using optimizer = new optim.Adam({ learningRate: 1e-3 });
      const losses: number[] = [];
      const step = (): void =>
        scope(() => {
          const loss = forward(net, input, { training: true }).square().mean();
          const { gradients } = optim.clipGradNorm(grad(loss, parameters), 1);
          optimizer.step(parameters, gradients);
          losses.push(loss.item());
        });
      step();
      const start = memory();
      const resident = process.memoryUsage.rss();
      for (let i = 0; i < 200; i++) step();
      expect(memory()).toMatchObject({ tensors: start.tensors, bytes: start.bytes });
      expect(process.memoryUsage.rss() - resident).toBeLessThan(slack);
      expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    });
  });
});

describe('the garbage collector', () => {
  it('frees tensors that were forgotten outside any scope', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    for (let i = 0; i < 100; i++) randn([1000]);
    expect(memory().tensors).toBeGreaterThan(before.tensors);
    for (let i = 0; i < 50 && memory().tensors > before.tensors; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});
