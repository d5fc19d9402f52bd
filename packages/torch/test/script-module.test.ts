/** A TorchScript file as a model, beside the same network of our own layers with the same weights (fixtures/record.py). */
import {
  forward,
  grad,
  loadScriptModule,
  type Model,
  memory,
  modelOf,
  type NamedTensors,
  nn,
  scope,
  type Tensor,
  TorchError,
  tensor,
  zeros,
} from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { expectClose, fixturePath, loadFixture, under } from './fixtures.js';

const tolerance = 1e-6;

class ConvNet extends nn.Module {
  readonly conv = new nn.Conv2d(2, 3, 3, { padding: 1 });
  readonly bn = new nn.BatchNorm2d(3);
  readonly fc = new nn.Linear(3, 4);

  override forward(input: Tensor, context: nn.Context): Tensor {
    const hidden = this.bn.forward(this.conv.forward(input, context), context).relu();
    return this.fc.forward(hidden.mean([2, 3]), context);
  }
}

const { tensors } = loadFixture('convnet.safetensors');
const input = tensors.get('input')!;
const script = loadScriptModule(fixturePath('convnet.pt'));
const own = modelOf(new ConvNet(), tensors);

/** Other weights than the file's: leaves to differentiate by. */
const leaves = (): NamedTensors =>
  new Map([...script.parameters].map(([name, value]) => [name, value.mul(0.5).add(0.1).detach().requiresGrad_()]));

describe('loadScriptModule', () => {
  it('has the names and values of the module’s parameters and buffers', () => {
    expect([...script.parameters.keys()]).toEqual([...own.parameters.keys()]);
    expect([...script.buffers.keys()]).toEqual([...own.buffers.keys()]);
    for (const [name, value] of [...script.parameters, ...script.buffers]) {
      expect(value.equal(tensors.get(name)!), name).toBe(true);
    }
  });

  it('computes what PyTorch does in both modes', () => {
    expectClose(forward(script, input), tensors.get('eval'), tolerance, 'eval');
    expectClose(forward(script, input, { training: true }), tensors.get('train'), tolerance, 'train');
  });

  it('returns the buffers that a training call changes, and keeps its own', () => {
    const { buffers } = script.call(input, { training: true });
    const wanted = under(tensors, 'after');
    expect([...buffers.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [name, value] of buffers) expectClose(value, wanted.get(name), tolerance, name);
    for (const [name, value] of script.buffers) expect(value.equal(tensors.get(name)!), name).toBe(true);
    expect(script.call(input).buffers.size).toBe(0);
  });

  it('runs with other parameters, and afterwards with its own again', () => {
    const other = leaves();
    expectClose(
      forward(script, input, { parameters: other }),
      forward(own, input, { parameters: other }),
      tolerance,
      'output',
    );
    expectClose(forward(script, input), tensors.get('eval'), tolerance, 'own parameters again');
    const changed = script.with({ parameters: new Map([['fc.bias', tensor([9, 9, 9, 9])]]) });
    const moved = forward(changed, input).sub(forward(script, input));
    expectClose(
      moved,
      tensor([9, 9, 9, 9]).sub(script.parameters.get('fc.bias')!).expand([4, 4]),
      1e-5,
      'moved by bias',
    );
    expect(changed.parameters.get('conv.weight')).toBe(script.parameters.get('conv.weight'));
  });

  it.each([false, true])('has the gradients of gradients of our own layers (training: %s)', (training) => {
    const second = (model: Model): Tensor[] => {
      const parameters = leaves();
      const sources = [...parameters.values()];
      const loss = forward(model, input, { parameters, training }).square().mean();
      const first = grad(loss, sources, { createGraph: true });
      const stepped = new Map([...parameters].map(([name, value], i) => [name, value.sub(first[i]!.mul(0.1))]));
      return grad(forward(model, input, { parameters: stepped, training }).square().mean(), sources);
    };
    const [found, wanted] = [second(script), second(own)];
    for (const [i, name] of [...script.parameters.keys()].entries()) {
      expectClose(found[i]!, wanted[i], 1e-5, name);
      expect(wanted[i]!.abs().max().item(), name).toBeGreaterThan(training && name === 'conv.bias' ? -1 : 1e-4);
    }
  });

  it('explains an input that the module cannot take, and still works', () => {
    const run = (): Tensor => forward(script, zeros([1, 5, 4, 4]));
    expect(run).toThrow(TorchError);
    expect(run).toThrow(/the TorchScript forward failed on float32\[1, 5, 4, 4\]: .*channels/);
    expectClose(forward(script, input), tensors.get('eval'), tolerance, 'after the failure');
  });

  it('refuses parameters of other names or shapes', () => {
    const withOne =
      (name: string, value: Tensor): (() => Model) =>
      () =>
        script.with({ parameters: new Map([[name, value]]) });
    expect(withOne('fc.wieght', zeros([4, 3]))).toThrow(/no tensor named "fc.wieght"/);
    expect(withOne('fc.weight', zeros([3, 4]))).toThrow(/fc.weight has shape \[4, 3\] in the model, received \[3, 4\]/);
  });

  it('says what a file is not', () => {
    expect(() => loadScriptModule(fixturePath('schedules.json'))).toThrow(/is not a TorchScript file/);
    expect(() => loadScriptModule('/nowhere.pt')).toThrow(/there is no such file/);
  });

  it('leaves nothing behind, also when forward throws', () => {
    const before = memory();
    for (let i = 0; i < 20; i++) {
      scope(() => forward(script, input, { training: true, parameters: leaves() }).sum().item());
      expect(() => scope(() => forward(script, zeros([1])))).toThrow(TorchError);
    }
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });
});
