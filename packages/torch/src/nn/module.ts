/**
 * A module is named tensors plus a forward. It keeps no state of its own during a call: forward reads every tensor from
 * the context, so the same module runs with any parameters (`functionalCall` in model.ts).
 */
import type { Tensor } from '../tensor.js';

/** The place of one tensor in a module: its initial value, and its identity during a call. */
export class Slot {
  readonly kind: 'parameter' | 'buffer';
  readonly initial: Tensor;
  /** Of the initial value, and known when that is freed: a model's tensors may have moved elsewhere since. */
  readonly shape: readonly number[];

  constructor(kind: 'parameter' | 'buffer', initial: Tensor) {
    this.kind = kind;
    this.initial = initial;
    this.shape = initial.shape;
  }
}

/** A tensor that is trained, to be assigned to a field of a module. */
export const parameter = (initial: Tensor): Slot => new Slot('parameter', initial);

/** A tensor that belongs to the model and is not trained: running statistics. */
export const buffer = (initial: Tensor): Slot => new Slot('buffer', initial);

/** One forward pass: where its tensors come from. */
export interface Context {
  /** Batch statistics and dropout on. */
  readonly training: boolean;
  /** The tensor that stands in a slot during this call. */
  read(slot: Slot): Tensor;
  /** A buffer's new value (running statistics); the caller decides whether to keep it. */
  write(slot: Slot, value: Tensor): void;
  /** What a layer made of its input in this call, where somebody asked (`CallOptions.observe`). */
  observe?(layer: AnyModule, input: Tensor, output: Tensor): void;
  /** Where batch statistics are those of several processes' batches together. */
  readonly across?: BatchAcross;
}

/** The processes that a batch is spread over. */
export interface BatchAcross {
  /** The sum over all of them, differentiable. */
  sum(tensor: Tensor): Tensor;
}

/**
 * Base of every layer and network. Properties that are Slots, Modules or arrays of Modules give the names, as in
 * PyTorch: `layer1.0.conv1.weight`.
 */
export abstract class Module<Input = Tensor, Output = Tensor> {
  abstract forward(input: Input, context: Context): Output;

  /** Consecutive parts of forward, where the module has them: what comes before an edited stage is run only once. */
  stages(): readonly Stage<never, unknown>[] {
    return [];
  }

  /** Every slot by its dotted name, in order of declaration. */
  slots(): ReadonlyMap<string, Slot> {
    return new Map(slotsOf(this, ''));
  }
}

export interface Stage<Input = Tensor, Output = Input> {
  readonly name: string;
  /** A name that consecutive stages go by together, beside their own: `chain-3`. */
  readonly group?: string;
  /** Children whose tensors this stage uses: `['conv1', 'bn1']`. */
  readonly children: readonly string[];
  /** From what the stage before gives; the first takes the model's input, the last gives its output. */
  forward(input: Input, context: Context): Output;
}

/** Whatever it takes and gives. */
export type AnyModule = Module<never, unknown>;

/** A module and all those inside it. */
export function* modulesOf(module: AnyModule): Generator<AnyModule> {
  yield module;
  for (const value of Object.values(module).flat()) if (value instanceof Module) yield* modulesOf(value);
}

function* slotsOf(module: object, prefix: string): Generator<[string, Slot]> {
  for (const [name, value] of Object.entries(module)) {
    if (value instanceof Slot) yield [prefix + name, value];
    else if (value instanceof Module) yield* slotsOf(value, `${prefix}${name}.`);
    else if (Array.isArray(value)) {
      for (const [i, item] of value.entries())
        if (item instanceof Module) yield* slotsOf(item, `${prefix}${name}.${i}.`);
    }
  }
}
