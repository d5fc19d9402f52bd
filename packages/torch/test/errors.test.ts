/** Wrong calls end in a TorchError that names the operator, never in a crash. */
import { add, embedding, gelu, sum, TorchError, tensor, zeros } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { addon, compileProgram, runProgram } from './programs/program.js';

type Loose = (...args: unknown[]) => unknown;

describe('operators called wrongly', () => {
  it('2,000 random calls are refused or succeed, and free what they made', async () => {
    const { status, signal, stdout } = await runProgram(await compileProgram('fuzz'), ['1', '2000']);
    const last = stdout.trimEnd().split('\n').at(-1)!;
    expect({ status, signal }, `the process crashed in ${last}`).toEqual({ status: 0, signal: null });
    const { returned, refused, unexpected, tensors } = JSON.parse(last);
    expect(unexpected).toEqual([]);
    expect(returned + refused).toBe(2000);
    expect(refused).toBeGreaterThan(1000);
    expect(tensors).toBe(0);
  });

  it('do not take a number for a tensor, nor a tensor for a number', () => {
    zeros([1]); // so that some handle with a small number is live
    expect(() => (gelu as Loose)(1)).toThrow(
      /^gelu: self must be a Tensor\. Received \(1\); expected gelu\(Tensor self/,
    );
    expect(() => (embedding as Loose)(zeros([2, 2]), 1)).toThrow(/indices must be a Tensor/);
    expect(() => (sum as Loose)(zeros([2]), [0], { keepdim: tensor(1) })).toThrow(/keepdim must be true or false/);
    expect(() => (zeros as Loose)([2], { dtype: 99 })).toThrow(/dtype must be a dtype/);
    expect(() => tensor([1]).clone({ memoryFormat: 4 as never })).toThrow(/memoryFormat must be a memory format/);
    expect(() => (zeros as Loose)([2], { layout: 3 })).toThrow(/no option named layout; known: dtype, device/);
  });

  it('keep the native error as the cause and carry a code', () => {
    const error = (() => {
      try {
        return add(zeros([2]), zeros([3]));
      } catch (thrown) {
        return thrown as TorchError;
      }
    })() as TorchError;
    expect(error).toBeInstanceOf(TorchError);
    expect(error.code).toBe('OPERATOR_FAILED');
    expect(error.message).toMatch(/size of tensor a \(2\) must match.*Received \(float32\[2\], float32\[3\]\)/);
    expect(error.cause).toBeInstanceOf(Error);
  });
});

describe('the addon', () => {
  // A program that lies outside the clone: where the package is installed, there is no setup.
  it('is said to be missing in one sentence that tells what to do', async () => {
    const program = await compileProgram('load');
    const { status, stdout } = await runProgram(program, [], { EDITABLE_TORCH_ADDON: '/nowhere/torch.node' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      code: 'LIBTORCH_NOT_FOUND',
      message:
        'the libtorch addon is not built (expected /nowhere/torch.node). Install libtorch and a compiler (Debian: apt-get install libtorch-dev libopenblas0 g++) or point LIBTORCH at one, then run "npm rebuild @editable/torch".',
    });
  });

  it('is said to be broken where it cannot be loaded', async () => {
    const program = await compileProgram('load');
    const { stdout } = await runProgram(program, [], { EDITABLE_TORCH_ADDON: program });
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'LIBTORCH_NOT_FOUND',
      message: expect.stringMatching(/could not be loaded: .*npm rebuild @editable/),
    });
  });

  it('loads from where EDITABLE_TORCH_ADDON says', async () => {
    const { stdout } = await runProgram(await compileProgram('load'), [], { EDITABLE_TORCH_ADDON: addon });
    expect(JSON.parse(stdout)).toEqual({ sum: 3 });
  });
});
