/** The gradient of each example's own value, one row an example: from layers' inputs where they are seen, else one by one. */
import { enableGrad, grad, type nn, noGrad, scope, stack, type Tensor } from '@editable/torch';
import {
  knownBlocksOf,
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
}

/** `input`: what the first edited stage receives, [examples, ...]. The model runs in eval mode, so examples do not mix. */
export const exampleGradients = (
  model: nn.Model,
  input: Tensor,
  { names, theta, values }: ExampleGradientsOptions,
): ExampleGradients =>
  scope(() =>
    enableGrad(() => {
      const leaves = theta.map((each) => each.detach().requiresGrad_());
      const { output, calls } = observe(model, input, { names, theta: leaves });
      const found = values(output);
      const gradients = allSeen(model, names, calls) ? fromLayers(found, names, calls) : oneByOne(found, leaves);
      return { values: found.detach(), gradients };
    }),
  );

/** Every parameter belongs to layers with a rule, which ran where they are seen. */
function allSeen(model: nn.Model, names: readonly string[], calls: readonly ObservedCall[]): boolean {
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

function fromLayers(values: Tensor, names: readonly string[], calls: readonly ObservedCall[]): Tensor[] {
  const deltas = grad(
    values.sum(),
    calls.map(({ output }) => output),
    { allowUnused: true },
  );
  const sums = new Map<string, Tensor>();
  noGrad(() => {
    for (const [i, { block, input }] of calls.entries()) {
      const delta = deltas[i] as Tensor;
      const matrices =
        block.kind === 'dense'
          ? normalisationGradients(block, input, delta)
          : positionGradients(block, delta).transpose(2, 3).matmul(positionInputs(block, input));
      const parts = vectorsOf(block, matrices);
      for (const [j, name] of parametersOf(block).entries()) {
        const before = sums.get(name);
        sums.set(name, before === undefined ? (parts[j] as Tensor) : before.add(parts[j] as Tensor));
      }
    }
  });
  return names.map((name) => sums.get(name) as Tensor);
}
