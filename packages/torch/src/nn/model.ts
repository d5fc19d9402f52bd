/** A model is a value: named tensors and a way to run them. Changing it gives another value that shares the rest. */
import { TorchError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import type { Context, Module, Slot, Stage } from './module.js';

export type NamedTensors = ReadonlyMap<string, Tensor>;

export interface CallOptions {
  /** Tensors to use in place of the model's own of the same names, results of operations too. */
  readonly parameters?: NamedTensors;
  /** Batch statistics and dropout on; new running statistics are returned, never written in place. */
  readonly training?: boolean;
  /** First stage to run; `input` is then that stage's input. */
  readonly from?: number;
  /** Stage to stop before. */
  readonly to?: number;
  /**
   * Told of every Linear, Conv2d, BatchNorm2d and LayerNorm that runs, in order: PyTorch's forward hooks. A TorchScript
   * program runs out of sight.
   */
  readonly observe?: (call: LayerCall) => void;
}

/** One layer's work in one call. */
export interface LayerCall {
  readonly layer: Module;
  /** The names in the model of the layer's own parameters, by their names in the layer: `weight` → `layer3.0.conv1.weight`. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What the layer's weight multiplies: its input, normalised already in a normalisation. */
  readonly input: Tensor;
  readonly output: Tensor;
}

export interface CallResult {
  readonly output: Tensor;
  /** Buffers that a training call changed, by name; empty otherwise. */
  readonly buffers: NamedTensors;
}

export interface ModelStage {
  readonly name: string;
  readonly parameters: readonly string[];
}

export interface Model {
  readonly parameters: NamedTensors;
  readonly buffers: NamedTensors;
  /** Consecutive stages; a model that is not known in parts is one stage. */
  readonly stages: readonly ModelStage[];
  call(input: Tensor, options?: CallOptions): CallResult;
  /** A model with these tensors in place of its own of the same names; everything else is shared. */
  with(changes: { readonly parameters?: NamedTensors; readonly buffers?: NamedTensors }): Model;
}

/** Runs the model for its output only. */
export const forward = (model: Model, input: Tensor, options: CallOptions = {}): Tensor =>
  model.call(input, options).output;

/** A model from a module, with the module's initial tensors, or with `tensors` (a checkpoint) by the same names. */
export function modelOf(module: Module, tensors?: NamedTensors): Model {
  const slots = module.slots();
  const pick = (kind: Slot['kind']): NamedTensors =>
    new Map(
      [...slots]
        .filter(([, slot]) => slot.kind === kind)
        .map(([name, slot]) => [name, tensors?.get(name) ?? slot.initial]),
    );
  return new ModuleModel(module, slots, pick('parameter'), pick('buffer'));
}

/**
 * Runs a module with other tensors (torch.func.functional_call). Names that are not given keep the module's initial
 * values. Differentiable in every given tensor, to any order.
 */
export function functionalCall(
  module: Module,
  tensors: NamedTensors,
  input: Tensor,
  options: CallOptions = {},
): CallResult {
  return modelOf(module, tensors).call(input, options);
}

/** Checks that `changes` name tensors of the model and have their shapes. @throws TorchError UNKNOWN_PARAMETER */
export function checkNamed(known: NamedTensors, changes: NamedTensors, what: string): void {
  for (const [name, value] of changes) {
    const own = known.get(name);
    if (own === undefined) {
      const some = [...known.keys()].slice(0, 3).join(', ');
      throw new TorchError(
        'UNKNOWN_PARAMETER',
        `${what}: the model has no tensor named "${name}"; its names are like ${some}.`,
      );
    }
    if (own.shape.join() !== value.shape.join()) {
      throw new TorchError(
        'UNKNOWN_PARAMETER',
        `${what}: ${name} has shape [${own.shape.join(', ')}] in the model, received [${value.shape.join(', ')}].`,
      );
    }
  }
}

class ModuleModel implements Model {
  readonly parameters: NamedTensors;
  readonly buffers: NamedTensors;
  readonly stages: readonly ModelStage[];
  readonly #module: Module;
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #nameOf: ReadonlyMap<Slot, string>;
  readonly #parts: readonly Stage[];

  constructor(module: Module, slots: ReadonlyMap<string, Slot>, parameters: NamedTensors, buffers: NamedTensors) {
    this.#module = module;
    this.#slots = slots;
    this.#nameOf = new Map([...slots].map(([name, slot]) => [slot, name]));
    this.#parts = module.stages();
    this.parameters = parameters;
    this.buffers = buffers;
    this.stages = stagesOf(this.#parts, [...parameters.keys()]);
  }

  call(
    input: Tensor,
    { parameters, training = false, from = 0, to = this.stages.length, observe }: CallOptions = {},
  ): CallResult {
    const buffers = new Map<string, Tensor>();
    const nameOf = (slot: Slot): string => this.#nameOf.get(slot) as string;
    const context: Context = {
      training,
      read: (slot) => {
        const name = nameOf(slot);
        return (parameters?.get(name) ?? this.parameters.get(name) ?? this.buffers.get(name)) as Tensor;
      },
      write: (slot, value) => buffers.set(nameOf(slot), value),
      ...(observe === undefined
        ? {}
        : {
            observe: (layer, input, output) =>
              observe({ layer, parameters: parametersOf(layer, nameOf), input, output }),
          }),
    };
    const parts = this.#parts.length === 0 ? [this.#module] : this.#parts;
    const output = parts.slice(from, to).reduce((value, part) => part.forward(value, context), input);
    return { output, buffers };
  }

  with({ parameters, buffers }: { readonly parameters?: NamedTensors; readonly buffers?: NamedTensors }): Model {
    if (parameters) checkNamed(this.parameters, parameters, 'with');
    if (buffers) checkNamed(this.buffers, buffers, 'with');
    const merge = (own: NamedTensors, changes?: NamedTensors): NamedTensors =>
      changes ? new Map([...own, ...changes]) : own;
    return new ModuleModel(this.#module, this.#slots, merge(this.parameters, parameters), merge(this.buffers, buffers));
  }
}

const parametersOf = (layer: Module, nameOf: (slot: Slot) => string): ReadonlyMap<string, string> =>
  new Map(
    [...layer.slots()].flatMap(([name, slot]) => (slot.kind === 'parameter' ? [[name, nameOf(slot)] as const] : [])),
  );

function stagesOf(parts: readonly Stage[], names: readonly string[]): readonly ModelStage[] {
  if (parts.length === 0) return [{ name: 'whole', parameters: names }];
  return parts.map(({ name, children }) => ({
    name,
    parameters: names.filter((parameter) => children.some((child) => parameter.startsWith(`${child}.`))),
  }));
}
