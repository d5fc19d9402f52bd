/** Every optimizer in every mode against torch.optim over five steps in float64 (fixtures/record.py). */
import { memory, type Optimizer, optim, type Tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { expectClose, loadFixture, under } from './fixtures.js';

const tolerance = 1e-10;
const { tensors } = loadFixture('optimizers.safetensors');

const optimizers: Readonly<Record<string, () => Optimizer>> = {
  sgd: () => new optim.SGD({ learningRate: 0.1 }),
  'sgd-decay': () => new optim.SGD({ learningRate: 0.1, weightDecay: 0.2 }),
  'sgd-momentum': () => new optim.SGD({ learningRate: 0.1, momentum: 0.9 }),
  'sgd-nesterov': () => new optim.SGD({ learningRate: 0.1, momentum: 0.8, nesterov: true, weightDecay: 0.1 }),
  adam: () => new optim.Adam(),
  'adam-options': () => new optim.Adam({ learningRate: 0.05, beta1: 0.5, beta2: 0.7, epsilon: 1e-2, weightDecay: 0.1 }),
  adamw: () => new optim.AdamW({ learningRate: 0.05 }),
  'adamw-options': () =>
    new optim.AdamW({ learningRate: 0.05, beta1: 0.5, beta2: 0.7, epsilon: 1e-2, weightDecay: 0.3 }),
  rmsprop: () => new optim.RMSprop(),
  'rmsprop-options': () => new optim.RMSprop({ learningRate: 0.05, alpha: 0.6, epsilon: 1e-2, weightDecay: 0.1 }),
  'rmsprop-momentum': () => new optim.RMSprop({ learningRate: 0.05, momentum: 0.9 }),
  'rmsprop-centered': () => new optim.RMSprop({ learningRate: 0.05, alpha: 0.6, momentum: 0.5, centered: true }),
};

const start = (): Tensor[] => [...under(tensors, 'start').values()].map((t) => t.clone().requiresGrad_());
const gradientsOf = (step: number): Tensor[] => [...under(tensors, `gradient.${step}`).values()];
const steps = [0, 1, 2, 3, 4];

describe.each(Object.entries(optimizers))('optimizer %s', (name, make) => {
  it('moves parameters as torch.optim does, in place', () => {
    const [optimizer, parameters] = [make(), start()];
    for (const step of steps) {
      optimizer.step(parameters, gradientsOf(step));
      for (const [i, parameter] of parameters.entries()) {
        expectClose(parameter, tensors.get(`${name}.${step}.${i}`), tolerance, `parameter ${i} after step ${step}`);
      }
    }
    expect(parameters.every((parameter) => parameter.requiresGrad)).toBe(true);
  });

  it('continues from its saved state bit for bit', () => {
    const [whole, first, second] = [make(), make(), make()];
    const [wanted, parameters] = [start(), start()];
    for (const step of steps) whole.step(wanted, gradientsOf(step));
    for (const step of steps.slice(0, 2)) first.step(parameters, gradientsOf(step));
    const saved = first.state();
    first.step(start(), gradientsOf(2)); // what was saved is a copy
    second.load(saved);
    for (const step of steps.slice(2)) second.step(parameters, gradientsOf(step));
    expect(parameters.map((parameter, i) => parameter.equal(wanted[i]!))).toEqual([true, true]);
    expect(bytesOf(second.state())).toEqual(bytesOf(whole.state()));
  });

  it('leaves no tensor behind but its state, and that only until disposed', () => {
    const [optimizer, parameters, gradients] = [make(), start(), gradientsOf(0)];
    const before = memory();
    optimizer.step(parameters, gradients);
    const state = memory().tensors - before.tensors;
    for (let i = 0; i < 20; i++) optimizer.step(parameters, gradients);
    expect(memory().tensors - before.tensors).toBe(state);
    expect(state % parameters.length).toBe(0);
    optimizer[Symbol.dispose]();
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });
});

describe('Optimizer', () => {
  it('takes the learning rate that is set before a step', () => {
    const [optimizer, parameters] = [new optim.SGD({ learningRate: 1 }), start()];
    optimizer.learningRate = 0;
    optimizer.step(parameters, gradientsOf(0));
    expect(parameters[0]!.equal(tensors.get('start.0')!)).toBe(true);
  });

  it('refuses gradients that do not fit', () => {
    const [optimizer, [first, second]] = [new optim.Adam(), start()];
    expect(() => optimizer.step([first!], [])).toThrow(/1 parameters and 0 gradients/);
    expect(() => optimizer.step([first!], [second!])).toThrow(/parameter 0 is float64\[3, 2\].*float64\[4\]/);
    optimizer.step([first!, second!], gradientsOf(0));
    expect(() => optimizer.step([first!], [gradientsOf(0)[0]!])).toThrow(/1 parameters and 2 exp_avg/);
  });

  it('refuses the state of another optimizer or of other parameters, and stays as it was', () => {
    const [sgd, adam, parameters] = [new optim.SGD({ learningRate: 0.1, momentum: 0.9 }), new optim.Adam(), start()];
    sgd.step(parameters, gradientsOf(0));
    expect(() => adam.load(sgd.state())).toThrow(
      /expected an optimizer state of step, exp_avg, exp_avg_sq; received step/,
    );
    adam.step(parameters, gradientsOf(0));
    const other = new optim.Adam();
    other.load(adam.state());
    expect(() => other.step([...parameters].reverse(), gradientsOf(0).reverse())).toThrow(
      /exp_avg has float64\[3, 2\]/,
    );
  });
});

describe('clipGradNorm', () => {
  it.each([0.5, 4, 1000])('scales to a norm of %d as torch.nn.utils.clip_grad_norm_ does', (bound) => {
    const before = gradientsOf(0);
    const { gradients, norm } = optim.clipGradNorm(before, bound);
    expect(norm).toBeCloseTo(tensors.get(`clip.${bound}.norm`)!.item(), 12);
    for (const [i, gradient] of gradients.entries()) {
      expectClose(gradient, tensors.get(`clip.${bound}.${i}`), tolerance, `gradient ${i}`);
    }
    if (bound === 1000) expect(gradients).toEqual(before);
    expect(before[0]!.equal(tensors.get('gradient.0.0')!)).toBe(true);
  });

  it('has a norm of 0 for no gradients', () => {
    expect(optim.clipGradNorm([], 1)).toEqual({ gradients: [], norm: 0 });
  });
});

const bytesOf = (state: ReadonlyMap<string, Tensor>): [string, number[]][] =>
  [...state].map(([key, value]) => [key, [...value.toHost().bytes]]);
