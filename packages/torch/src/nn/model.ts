/** A model is a value: named tensors and a way to run them. Changing it gives another value that shares the rest. */
import { TorchError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import { type AnyModule, type BatchAcross, type Context, type Module, modulesOf, Slot, type Stage } from './module.js';

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
  /** Batch statistics of the batches of all processes together, in training (PyTorch's SyncBatchNorm). */
  readonly across?: BatchAcross;
}

/** A module that has parameters of its own. */
export interface ModelLayer {
  readonly layer: AnyModule;
  /** Their names in the model, by their names in the layer: `weight` → `layer3.0.conv1.weight`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** One layer's work in one call. */
export interface LayerCall extends ModelLayer {
  /** What the layer's weight multiplies: its input, normalised already in a normalisation. */
  readonly input: Tensor;
  readonly output: Tensor;
}

export interface CallResult<Output = Tensor> {
  readonly output: Output;
  /** Buffers that a training call changed, by name; empty otherwise. */
  readonly buffers: NamedTensors;
}

export interface ModelStage {
  readonly name: string;
  /** As the module's stage has it: what selects all stages of the group. */
  readonly group?: string;
  readonly parameters: readonly string[];
}

/** `Input`: what it takes; `State`: what its stages hand on. Both are tensors unless said otherwise. */
export interface Model<Input extends Tree = Tensor, State extends Tree = Input> {
  /** A tensor of several names (tied weights) stands under its first alone, as in PyTorch's named_parameters. */
  readonly parameters: NamedTensors;
  readonly buffers: NamedTensors;
  /** The first name of each other name: tensors may be given under either. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** Consecutive stages; a model that is not known in parts is one stage. */
  readonly stages: readonly ModelStage[];
  /** Its layers, where they are known; a TorchScript program's are not. */
  readonly layers: readonly ModelLayer[];
  call(input: Input | State, options: CallOptions & { readonly to: number }): CallResult<State>;
  call(input: Input | State, options?: CallOptions): CallResult;
  /** A model with these tensors in place of its own of the same names; everything else is shared. */
  with(changes: Changes): Model<Input, State>;
}

export interface Changes {
  readonly parameters?: NamedTensors;
  readonly buffers?: NamedTensors;
}

/** Runs the model for its output only. */
export const forward = <Input extends Tree, State extends Tree>(
  model: Model<Input, State>,
  input: Input | State,
  options: CallOptions = {},
): Tensor => model.call(input, options).output;

/** A model from a module, with the module's initial tensors, or with `tensors` (a checkpoint) by the same names. */
export function modelOf<Input extends Tree = Tensor, State extends Tree = Input>(
  module: Module<Input, Tensor>,
  tensors?: NamedTensors,
): Model<Input, State> {
  const names = namesOf(module);
  const given = tensors && byFirstName(tensors, names.aliases);
  const pick = (kind: Slot['kind']): NamedTensors =>
    new Map(
      [...names.of]
        .filter(([slot]) => slot.kind === kind)
        .map(([slot, name]) => [name, given?.get(name) ?? slot.initial]),
    );
  return new ModuleModel<Input, State>(module, names, pick('parameter'), pick('buffer'));
}

interface Names {
  readonly of: ReadonlyMap<Slot, string>;
  readonly aliases: ReadonlyMap<string, string>;
}

function namesOf(module: AnyModule): Names {
  const of = new Map<Slot, string>();
  const aliases = new Map<string, string>();
  for (const [name, slot] of module.slots()) {
    const first = of.get(slot);
    if (first === undefined) of.set(slot, name);
    else aliases.set(name, first);
  }
  return { of, aliases };
}

/** Of a tensor given under several of its names the last is taken, as PyTorch's load_state_dict does. */
const byFirstName = (tensors: NamedTensors, aliases: ReadonlyMap<string, string>): NamedTensors =>
  aliases.size === 0 ? tensors : new Map([...tensors].map(([name, value]) => [aliases.get(name) ?? name, value]));

/**
 * Runs a module with other tensors (torch.func.functional_call). Names that are not given keep the module's initial
 * values. Differentiable in every given tensor, to any order.
 */
export function functionalCall<Input extends Tree>(
  module: Module<Input, Tensor>,
  tensors: NamedTensors,
  input: Input,
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

class ModuleModel<Input extends Tree, State extends Tree> implements Model<Input, State> {
  readonly parameters: NamedTensors;
  readonly buffers: NamedTensors;
  readonly stages: readonly ModelStage[];
  readonly #module: Module<Input, Tensor>;
  readonly #names: Names;
  readonly #parts: readonly Stage<never, unknown>[];

  constructor(module: Module<Input, Tensor>, names: Names, parameters: NamedTensors, buffers: NamedTensors) {
    this.#module = module;
    this.#names = names;
    this.#parts = module.stages();
    this.parameters = parameters;
    this.buffers = buffers;
    this.stages = stagesOf(this.#parts, [...parameters.keys()], names.aliases);
  }

  get layers(): readonly ModelLayer[] {
    return [...modulesOf(this.#module)]
      .map((layer) => ({ layer, parameters: parametersOf(layer, this.#names) }))
      .filter(({ parameters }) => parameters.size > 0);
  }

  get aliases(): ReadonlyMap<string, string> {
    return this.#names.aliases;
  }

  call(input: Input | State, options: CallOptions & { readonly to: number }): CallResult<State>;
  call(input: Input | State, options?: CallOptions): CallResult;
  call(
    input: Input | State,
    { parameters, training = false, from = 0, to = this.stages.length, observe, across }: CallOptions = {},
  ): CallResult<Tree> {
    const buffers = new Map<string, Tensor>();
    const given = parameters && byFirstName(parameters, this.aliases);
    const nameOf = (slot: Slot): string => this.#names.of.get(slot) as string;
    const context: Context = {
      training,
      read: (slot) => {
        const name = nameOf(slot);
        return (given?.get(name) ?? this.parameters.get(name) ?? this.buffers.get(name)) as Tensor;
      },
      write: (slot, value) => buffers.set(nameOf(slot), value),
      ...(across === undefined ? {} : { across }),
      ...(observe === undefined
        ? {}
        : {
            observe: (layer, input, output) =>
              observe({ layer, parameters: parametersOf(layer, this.#names), input, output }),
          }),
    };
    // What one stage gives the next one takes: the module's own affair.
    const parts = (this.#parts.length === 0 ? [this.#module] : this.#parts) as readonly Pick<Stage<Tree>, 'forward'>[];
    const output = parts.slice(from, to).reduce<Tree>((value, part) => part.forward(value, context), input);
    return { output, buffers };
  }

  with({ parameters, buffers }: Changes): Model<Input, State> {
    const merge = (own: NamedTensors, changes?: NamedTensors): NamedTensors => {
      if (changes === undefined) return own;
      const given = byFirstName(changes, this.aliases);
      checkNamed(own, given, 'with');
      return new Map([...own, ...given]);
    };
    return new ModuleModel(this.#module, this.#names, merge(this.parameters, parameters), merge(this.buffers, buffers));
  }
}

const parametersOf = (layer: AnyModule, { of }: Names): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(layer).flatMap(([name, slot]) =>
      slot instanceof Slot && slot.kind === 'parameter' ? [[name, of.get(slot) as string] as const] : [],
    ),
  );

function stagesOf(
  parts: readonly Stage<never, unknown>[],
  parameters: readonly string[],
  aliases: ReadonlyMap<string, string>,
): readonly ModelStage[] {
  if (parts.length === 0) return [{ name: 'whole', parameters }];
  return parts.map(({ name, group, children }) => {
    const isHere = (parameter: string): boolean => children.some((child) => parameter.startsWith(`${child}.`));
    const tied = new Set([...aliases].filter(([alias]) => isHere(alias)).map(([, first]) => first));
    return {
      name,
      ...(group === undefined ? {} : { group }),
      parameters: parameters.filter((parameter) => isHere(parameter) || tied.has(parameter)),
    };
  });
}
