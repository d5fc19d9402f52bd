/** Runs a model's edited stages and tells what each edited layer received, so that gradients of its output can be asked for. */
import type { nn, Tensor, Tree } from '@editable/torch';
import { firstStageOf } from '../layers.js';
import { blockOf, type LayerBlock } from './layer-blocks.js';

export interface ObservedCall {
  readonly block: LayerBlock;
  readonly input: Tensor;
  readonly output: Tensor;
}

export interface Observed {
  readonly output: Tensor;
  /** One for each time that an edited layer ran. */
  readonly calls: readonly ObservedCall[];
}

export interface ObserveOptions {
  readonly names: readonly string[];
  /** Values in place of the model's own, in the order of the names; they must ask for gradients. */
  readonly theta: readonly Tensor[];
}

/** Runs the edited stages, with recording on; `input`: what the first of them receives, [examples, ...] each. */
export function observe(model: nn.Model<Tree>, input: Tree, { names, theta }: ObserveOptions): Observed {
  const edited = new Set(names);
  const calls: ObservedCall[] = [];
  const parameters = new Map(names.map((name, i) => [name, theta[i] as Tensor]));
  const { output } = model.call(input, {
    from: firstStageOf(model, names),
    parameters,
    observe: (call) => {
      const block = blockOf(call, edited);
      if (block !== undefined) calls.push({ block, input: call.input, output: call.output });
    },
  });
  return { output, calls };
}
