import { grad, modelOf, nn, ones, randn, scope, type Tensor, zeros } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { native } from '../src/native.js';

class Small extends nn.Module {
  readonly conv = new nn.Conv2d(3, 16, 3, { padding: 1, bias: false });
  readonly bn = new nn.BatchNorm2d(16);
  readonly narrow = new nn.Conv2d(16, 16, 1, { stride: 2 });
  readonly fc = new nn.Linear(16, 5);

  override forward(input: Tensor, context: nn.Context): Tensor {
    const wide = this.bn.forward(this.conv.forward(input, context), context).relu();
    const narrow = this.narrow.forward(wide, context);
    return this.fc.forward(this.act(narrow.add(narrow)).mean([2, 3]), context);
  }

  protected act(value: Tensor): Tensor {
    return value.hardtanh({ minVal: 0, maxVal: 6 });
  }
}

/** Statistics that a batch left: a batch norm that does nothing would hide mistakes. */
function trained(module: nn.Module): nn.Model {
  const model = modelOf(module);
  const { buffers } = model.call(randn([8, 3, 8, 8]).mul(3).add(1), { training: true });
  return model.with({ buffers });
}

describe('optimizeForInference', () => {
  it('gives the model’s output, to rounding, on inputs that it has not seen', () => {
    scope(() => {
      const model = trained(new Small());
      using program = nn.optimizeForInference(model, randn([1, 3, 8, 8]));
      for (let tried = 0; tried < 5; tried++) {
        const input = randn([1, 3, 8, 8]).mul(10);
        const expected = model.call(input).output;
        expect(program.run(input).sub(expected).abs().max().item()).toBeLessThan(1e-5 * expected.abs().max().item());
      }
    });
  });

  it('keeps the parameters that the model had', () => {
    scope(() => {
      const model = trained(new Small());
      const input = randn([1, 3, 8, 8]);
      using program = nn.optimizeForInference(model, input);
      const before = program.run(input).tolist();
      for (const value of model.parameters.values()) value.dispose();
      expect(program.run(input).tolist()).toEqual(before);
    });
  });

  it('gives tensors that others can be differentiated with', () => {
    scope(() => {
      using program = nn.optimizeForInference(trained(new Small()), randn([1, 3, 8, 8]));
      const output = program.run(randn([1, 3, 8, 8]));
      const scale = ones([1, 5]).requiresGrad_();
      expect(grad(scale.mul(output).sum(), [scale])[0]!.tolist()).toEqual(output.tolist());
    });
  });

  it('is refused other shapes, and work after its end', () => {
    scope(() => {
      const program = nn.optimizeForInference(trained(new Small()), randn([1, 3, 8, 8]));
      expect(() => program.run(zeros([2, 3, 8, 8]))).toThrow('expected an input of shape [1, 3, 8, 8]');
      program[Symbol.dispose]();
      program[Symbol.dispose]();
      expect(() => program.run(zeros([1, 3, 8, 8]))).toThrow('this inference program was disposed');
    });
  });

  it('passes on what forward throws, and traces again after it', () => {
    class Broken extends Small {
      protected override act(): Tensor {
        throw new Error('not today');
      }
    }
    scope(() => {
      const input = randn([1, 3, 8, 8]);
      expect(() => nn.optimizeForInference(modelOf(new Broken()), input)).toThrow('not today');
      expect(nn.optimizeForInference(trained(new Small()), input).run(input).shape).toEqual([1, 5]);
    });
  });

  it('finds a forward that depends on the values of its input', () => {
    class Fickle extends Small {
      #called = 0;
      protected override act(value: Tensor): Tensor {
        this.#called += 1;
        return value.mul(this.#called);
      }
    }
    scope(() => {
      expect(() => nn.optimizeForInference(trained(new Fickle()), randn([1, 3, 8, 8]))).toThrow(
        /output on the example differs by .* from the model's/,
      );
    });
  });

  it('says what oneDNN cannot do', () => {
    class Growing extends Small {
      protected override act(value: Tensor): Tensor {
        return value.adaptiveAvgPool2d([7, 7]);
      }
    }
    scope(() => {
      expect(() => nn.optimizeForInference(trained(new Growing()), randn([1, 3, 8, 8]))).toThrow(
        'run: libtorch cannot run the inference program: RuntimeError: input size is not divisible by the output size',
      );
    });
  });

  it('frees what it held', () => {
    scope(() => {
      const model = trained(new Small());
      const input = randn([1, 3, 8, 8]);
      const cycle = (): void => scope(() => nn.optimizeForInference(model, input)[Symbol.dispose]());
      cycle();
      const before = native.memory();
      for (let made = 0; made < 50; made++) cycle();
      expect(native.memory().tensors).toBe(before.tensors);
      expect(native.memory().bytes - before.bytes).toBeLessThan(50_000);
    });
  });
});
