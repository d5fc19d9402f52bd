/** A model as one program for inference: no call from JavaScript a layer, weights in the layout that oneDNN computes in. */
import { noGrad } from '../autograd.js';
import { TorchError } from '../errors.js';
import { native } from '../native.js';
import { scope } from '../scope.js';
import { handleOf, Tensor } from '../tensor.js';
import type { Model } from './model.js';

/** Runs on inputs of one shape; holds copies of the model's tensors until it is disposed. */
export class InferenceProgram implements Disposable {
  readonly #shape: readonly number[];
  #program: number | undefined;

  /** @internal optimizeForInference makes them. */
  constructor(program: number, shape: readonly number[]) {
    this.#program = program;
    this.#shape = shape;
  }

  /**
   * The model's output, to float32's rounding; no gradient.
   *
   * @throws TorchError INVALID_ARGUMENT for an input of another shape, or after dispose()
   */
  run(input: Tensor): Tensor {
    if (this.#program === undefined)
      throw new TorchError('INVALID_ARGUMENT', 'run: this inference program was disposed.');
    if (input.shape.join() !== this.#shape.join()) {
      throw new TorchError(
        'INVALID_ARGUMENT',
        `run: expected an input of shape [${this.#shape.join(', ')}], as in the program's example, received [${input.shape.join(', ')}].`,
      );
    }
    const program = this.#program;
    return new Tensor(explained('run', () => native.programRun(program, handleOf(input))));
  }

  [Symbol.dispose](): void {
    if (this.#program !== undefined) native.programRelease(this.#program);
    this.#program = undefined;
  }
}

/**
 * The model with its parameters as they are now, for inputs of the example's shape: traced, batch norms folded into the
 * convolutions before them, convolutions and what follows in oneDNN's layout. In PyTorch: `torch.jit.trace`,
 * `torch.jit.freeze`, `torch.jit.optimize_for_inference`. It is tried on the example.
 *
 * @param model of float32 on the CPU; its forward must not depend on the input's values
 * @throws TorchError OPERATOR_FAILED where the program does not give the model's output on the example
 */
export function optimizeForInference(model: Model, example: Tensor): InferenceProgram {
  return scope(() =>
    noGrad(() => {
      const program = new InferenceProgram(trace(model, example), example.shape);
      try {
        const expected = model.call(example).output;
        const difference = program.run(example).sub(expected).abs().max().item();
        if (difference <= tolerance * expected.abs().max().item()) return program;
        throw new TorchError(
          'OPERATOR_FAILED',
          `optimizeForInference: the program's output on the example differs by ${difference} from the model's.`,
        );
      } catch (error) {
        program[Symbol.dispose]();
        throw error;
      }
    }),
  );
}

const trace = (model: Model, example: Tensor): number =>
  explained('optimizeForInference', () =>
    native.programTrace(handleOf(example), (input) => handleOf(model.call(new Tensor(input)).output)),
  );

/** libtorch tells at length where a program failed, and in the last line why. */
function explained<Result>(what: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof TorchError) throw cause;
    const reason = (cause as Error).message.trim().split('\n').at(-1);
    throw new TorchError('OPERATOR_FAILED', `${what}: libtorch cannot run the inference program: ${reason}`, { cause });
  }
}

/** Of the largest output: far above float32's rounding, far below what turns an answer. */
const tolerance = 1e-4;
