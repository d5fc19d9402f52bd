/** Gradients of any order (torch.autograd.grad) and the gradient mode. */
import { TorchError } from './errors.js';
import { native } from './native.js';
import { handleOf, Tensor } from './tensor.js';

export interface GradOptions {
  /** Seeds of the backward pass, one an output; default: ones for a single-element output. */
  readonly gradOutputs?: readonly Tensor[];
  /** Make the gradients differentiable themselves. */
  readonly createGraph?: boolean;
  /** Keep the graph for another backward pass; default: as `createGraph`. */
  readonly retainGraph?: boolean;
  /** Give zeros for inputs that the outputs do not depend on, instead of an error. */
  readonly allowUnused?: boolean;
}

/**
 * The gradients of `outputs` (summed) with respect to each of `inputs`, each of its input's shape.
 *
 * @throws TorchError OPERATOR_FAILED where the outputs do not depend on an input and `allowUnused` is not set.
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  { gradOutputs, createGraph = false, retainGraph = createGraph, allowUnused = false }: GradOptions = {},
): Tensor[] {
  const from = outputs instanceof Tensor ? [outputs] : outputs;
  try {
    const handles = native.grad(
      from.map(handleOf),
      inputs.map(handleOf),
      gradOutputs?.map(handleOf),
      retainGraph,
      createGraph,
      allowUnused,
    );
    return handles.map((handle, i) => (handle === null ? (inputs[i] as Tensor).zerosLike() : new Tensor(handle)));
  } catch (cause) {
    if (cause instanceof TorchError) throw cause;
    throw new TorchError('OPERATOR_FAILED', `grad: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
}

/** Runs `body` without recording for autograd; the mode before is restored also when it throws. */
export const noGrad = <Result>(body: () => Result): Result => withGradMode(false, body);

/** Runs `body` with recording on, inside a noGrad too. */
export const enableGrad = <Result>(body: () => Result): Result => withGradMode(true, body);

/** Whether operations are recorded for gradients here; not inside `noGrad`. */
export const isGradEnabled = (): boolean => native.isGradEnabled();

function withGradMode<Result>(on: boolean, body: () => Result): Result {
  const before = native.setGradEnabled(on);
  try {
    return body();
  } finally {
    native.setGradEnabled(before);
  }
}
