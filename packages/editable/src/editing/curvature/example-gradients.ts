/** The gradient of each example's own value, one row an example: from layers' inputs where they are seen, else one by one. */
import { enableGrad, grad, type nn, noGrad, scope, stack, type Tensor, type Tree } from '@editable/torch';
import type { FactoredGradient } from './curvature.js';
import {
  knownBlocksOf,
  type LayerBlock,
  normalisationGradients,
  parametersOf,
  positionGradients,
  positionInputs,
  vectorsOf,
} from './layer-blocks.js';
import { type ObservedCall, observe } from './observed-calls.js';

export interface ExampleGradientsOptions {
  readonly names: readonly string[];
  readonly theta: readonly Tensor[];
  /** From the output on the examples, one value each: [examples], the value of an example depending on it alone. */
  readonly values: (output: Tensor) => Tensor;
}

export interface ExampleGradients {
  /** [examples] */
  readonly values: Tensor;
  /** A tensor [examples, ...shape] for each parameter. */
  readonly gradients: readonly Tensor[];
  /** Of the layers that ran once at few positions. */
  readonly factored: readonly FactoredGradient[];
}

/** `input`: what the first edited stage receives, [examples, ...] each. The model runs in eval mode, so examples do not mix. */
export const exampleGradients = (
  model: nn.Model<Tree>,
  input: Tree,
  { names, theta, values }: ExampleGradientsOptions,
): ExampleGradients =>
  scope(() =>
    enableGrad(() => {
      const leaves = theta.map((each) => each.detach().requiresGrad_());
      const { output, calls } = observe(model, input, { names, theta: leaves });
      const found = values(output);
      const own = allSeen(model, names, calls)
        ? fromLayers(found, names, calls)
        : { gradients: oneByOne(found, leaves), factored: [] };
      return { values: found.detach(), ...own };
    }),
  );

/** Every parameter belongs to layers with a rule, which ran where they are seen. */
function allSeen(model: nn.Model<Tree>, names: readonly string[], calls: readonly ObservedCall[]): boolean {
  const ran = new Set(calls.map(({ block }) => block.layer));
  const covered = new Set(
    knownBlocksOf(model, names)
      .filter(({ layer }) => ran.has(layer))
      .flatMap(parametersOf),
  );
  return names.every((name) => covered.has(name));
}

function oneByOne(values: Tensor, leaves: readonly Tensor[]): Tensor[] {
  const rows = values.unbind().map((value) => grad(value, leaves, { retainGraph: true, allowUnused: true }));
  return leaves.map((_, i) => stack(rows.map((row) => row[i] as Tensor)));
}

function fromLayers(
  values: Tensor,
  names: readonly string[],
  calls: readonly ObservedCall[],
): Pick<ExampleGradients, 'gradients' | 'factored'> {
  const deltas = grad(
    values.sum(),
    calls.map(({ output }) => output),
    { allowUnused: true },
  );
  const sums = new Map<string, Tensor>();
  const factored = new Map<nn.AnyModule, FactoredGradient>();
  const runs = new Set<nn.AnyModule>();
  noGrad(() => {
    for (const [i, { block, input }] of calls.entries()) {
      const matrices = matricesOfCall(block, input, deltas[i] as Tensor);
      const { layer } = block;
      if (matrices.factors !== undefined && !runs.has(layer)) factored.set(layer, matrices.factors);
      else factored.delete(layer);
      runs.add(layer);
      const parts = vectorsOf(block, matrices.product);
      for (const [j, name] of parametersOf(block).entries()) {
        const before = sums.get(name);
        sums.set(name, before === undefined ? (parts[j] as Tensor) : before.add(parts[j] as Tensor));
      }
    }
  });
  return { gradients: names.map((name) => sums.get(name) as Tensor), factored: [...factored.values()] };
}

function matricesOfCall(
  block: LayerBlock,
  input: Tensor,
  delta: Tensor,
): { readonly product: Tensor; readonly factors?: FactoredGradient } {
  if (block.kind === 'dense') return { product: normalisationGradients(block, input, delta) };
  const inputs = positionInputs(block, input);
  const outputs = positionGradients(block, delta);
  const product = outputs.transpose(2, 3).matmul(inputs);
  const [positions, size] = outputs.shape.slice(2) as [number, number];
  return positions < size ? { product, factors: { layer: block.layer, inputs, outputs } } : { product };
}
