/**
 * A TorchScript file as a model: its named parameters, and its forward with other parameters, differentiable to any
 * order. A TorchScript file is a program: load only files from people you trust.
 */
import type { Device } from '../device.js';
import { TorchError } from '../errors.js';
import { native } from '../native.js';
import { requireScriptArchive } from '../serialization/script-archive.js';
import { handleOf, Tensor } from '../tensor.js';
import {
  type CallOptions,
  type CallResult,
  type Changes,
  checkNamed,
  type Model,
  type ModelStage,
  type NamedTensors,
} from './model.js';

/**
 * Loads a module saved by torch.jit.script or torch.jit.trace. A traced module has the mode it was traced in baked in:
 * `training` changes nothing there.
 *
 * @throws TorchError INVALID_FILE where the file is not TorchScript, or damaged.
 */
export function loadScriptModule(path: string, { device = 'cpu' }: { readonly device?: Device } = {}): Model {
  requireScriptArchive(path);
  try {
    const { id, parameters, buffers } = native.scriptLoad(path, device);
    const named = (pairs: readonly (readonly [string, number])[]): NamedTensors =>
      new Map(pairs.map(([name, handle]) => [name, new Tensor(handle)]));
    return new ScriptModule(id, named(parameters), named(buffers));
  } catch (cause) {
    const reason = firstLine((cause as Error).message);
    throw new TorchError('INVALID_FILE', `${path} is not a TorchScript file that this libtorch can load: ${reason}`, {
      cause,
    });
  }
}

/**
 * The bytes of a TorchScript file with a model's tensors in place of its own: for `torch.jit.load`, in Python or C++.
 *
 * @throws TorchError INVALID_FILE where the file is not TorchScript, or of another model
 */
export function encodeScriptModule(
  path: string,
  { parameters, buffers }: Pick<Model, 'parameters' | 'buffers'>,
): Uint8Array {
  requireScriptArchive(path);
  const tensors = [...parameters, ...buffers];
  const names = tensors.map(([name]) => name);
  try {
    const handles = tensors.map(([, value]) => handleOf(value));
    return new Uint8Array(native.scriptEncode(path, names, handles));
  } catch (cause) {
    const reason = firstLine((cause as Error).message);
    throw new TorchError('INVALID_FILE', `${path} cannot take the tensors of this model: ${reason}`, { cause });
  }
}

class ScriptModule implements Model {
  readonly parameters: NamedTensors;
  readonly buffers: NamedTensors;
  readonly stages: readonly ModelStage[];
  readonly layers = [];
  readonly #id: number;

  constructor(id: number, parameters: NamedTensors, buffers: NamedTensors) {
    this.#id = id;
    this.parameters = parameters;
    this.buffers = buffers;
    this.stages = [{ name: 'whole', parameters: [...parameters.keys()] }];
  }

  call(input: Tensor, { parameters, training = false, from = 0, to = 1 }: CallOptions = {}): CallResult {
    if (from >= to) return { output: input, buffers: new Map() };
    const own = [...this.parameters].map(([name, value]) => parameters?.get(name) ?? value);
    // Forward updates running statistics in place: it gets copies when it may.
    const buffers = [...this.buffers.values()].map((value) => (training ? value.clone() : value));
    const { output, buffers: after } = this.#forward([...own, ...buffers], input, training);
    const left = after.map((handle) => new Tensor(handle));
    const changed = training
      ? new Map([...this.buffers.keys()].map((name, i) => [name, left[i] as Tensor]))
      : new Map();
    return { output: new Tensor(output), buffers: changed };
  }

  with({ parameters, buffers }: Changes): Model {
    if (parameters) checkNamed(this.parameters, parameters, 'with');
    if (buffers) checkNamed(this.buffers, buffers, 'with');
    const merge = (own: NamedTensors, changes?: NamedTensors): NamedTensors =>
      changes ? new Map([...own, ...changes]) : own;
    return new ScriptModule(this.#id, merge(this.parameters, parameters), merge(this.buffers, buffers));
  }

  #forward(slots: readonly Tensor[], input: Tensor, training: boolean): { output: number; buffers: number[] } {
    try {
      return native.scriptForward(this.#id, slots.map(handleOf), [handleOf(input)], training);
    } catch (cause) {
      const reason = (cause as Error).message.trim().split('\n').at(-1);
      throw new TorchError(
        'OPERATOR_FAILED',
        `the TorchScript forward failed on ${input.dtype}[${input.shape.join(', ')}]: ${reason}`,
        { cause },
      );
    }
  }
}

// libtorch begins some messages with an empty line, ends some lines with a colon for what it quotes below them, and its
// assertions with a request for better messages.
const firstLine = (message: string): string =>
  (message.trim().split('\n')[0] as string).replace(/\s*(\(Could this error message.*|:)$/, '');
