/**
 * Kronecker-factored curvature (Martens & Grosse, 2015; Grosse & Martens, 2016): for each Linear and Conv2d
 * F ≈ A ⊗ G with A = E[Σ_t a aᵀ] over its inputs and G = E[(1/T) Σ_t δ δᵀ] over the gradients of its outputs, t over
 * positions. Normalisations have the exact block E[g gᵀ] of their scale and shift.
 */
import { eye, grad, type nn, noGrad, scope, stack, type Tensor } from '@editable/torch';
import { EditableError } from '../../errors.js';
import type { Curvature } from './curvature.js';
import {
  blocksOf,
  type LayerBlock,
  matricesOf,
  normalisationGradients,
  positionGradients,
  positionInputs,
  vectorsOf,
} from './layer-blocks.js';
import { type ObservedCall, observe } from './observed-calls.js';
import { mostProbable } from './probable-classes.js';

/** One layer's factors: means over the control inputs. */
export interface Factors {
  readonly block: LayerBlock;
  /** Kronecker: A [groups, inputs, inputs] and G [groups, outputs, outputs]. Dense: the block alone, [numbers, numbers]. */
  readonly matrices: readonly Tensor[];
}

export interface KroneckerFactors {
  readonly names: readonly string[];
  readonly layers: readonly Factors[];
  /** Control inputs. */
  readonly count: number;
}

/**
 * Factors of the parameters `names` from control inputs in batches, each what the first edited stage receives.
 * Memory stays that of one batch.
 *
 * @throws EditableError NO_CURVATURE for a parameter of a layer without a rule; NOT_FINITE where the model gives NaN.
 */
export function kroneckerFactors(
  model: nn.Model,
  batches: Iterable<Tensor>,
  { names, classes }: { readonly names: readonly string[]; readonly classes: number },
): KroneckerFactors {
  blocksOf(model, names);
  let sums: readonly Factors[] = [];
  let count = 0;
  for (const batch of batches) {
    const own = scope(() => factorSums(model, batch, { names, classes }));
    if (sums.length === 0) sums = own;
    else addInPlace(sums, own);
    count += batch.shape[0] as number;
  }
  for (const { block, matrices } of sums) {
    for (const each of matrices) each.mul_(1 / count);
    checkFinite(block, matrices);
  }
  return { names, layers: sums, count };
}

/** Our own sums, so no model's tensor is written to. */
function addInPlace(sums: readonly Factors[], more: readonly Factors[]): void {
  for (const [i, { matrices }] of sums.entries()) {
    for (const [j, each] of matrices.entries()) {
      const own = more[i]?.matrices[j] as Tensor;
      each.add_(own);
      own.dispose();
    }
  }
}

/** Sums over a batch. */
function factorSums(
  model: nn.Model,
  batch: Tensor,
  { names, classes }: { readonly names: readonly string[]; readonly classes: number },
): readonly Factors[] {
  const theta = names.map((name) => (model.parameters.get(name) as Tensor).detach().requiresGrad_());
  const { output, calls } = observe(model, batch, { names, theta });
  const inputs = noGrad(() =>
    calls.map(({ block, input }) => (block.kind === 'dense' ? input : positionInputs(block, input))),
  );
  const outer = calls.map(({ block }, i) => (block.kind === 'dense' ? [] : [gram(inputs[i] as Tensor)]));
  let gradients: readonly (Tensor | undefined)[] = calls.map(() => undefined);
  const { logProbabilities, weights } = mostProbable(output, classes);
  for (let rank = 0; rank < (weights.shape[1] as number); rank++) {
    const outputs = calls.map((call) => call.output);
    const deltas = grad(logProbabilities.select(1, rank).sum(), outputs, { retainGraph: true });
    const weight = weights.select(1, rank);
    gradients = noGrad(() =>
      calls.map((call, i) => plus(gradients[i], gradientSum(call, inputs[i] as Tensor, deltas[i] as Tensor, weight))),
    );
  }
  return merged(
    calls.map(({ block }, i) => ({ block, matrices: [...(outer[i] as Tensor[]), gradients[i] as Tensor] })),
  );
}

/** Σ_n w_n (1/T) Σ_t δ δᵀ, or Σ_n w_n g gᵀ. `weight`: of each example's class, [examples]. */
function gradientSum({ block }: ObservedCall, input: Tensor, delta: Tensor, weight: Tensor): Tensor {
  const root = weight.sqrt();
  if (block.kind === 'dense') {
    const rows = normalisationGradients(block, input, delta).mul(root.unsqueeze(1));
    return rows.t().matmul(rows);
  }
  const rows = positionGradients(block, delta).mul(root.view([-1, 1, 1, 1]));
  return gram(rows).div(rows.shape[2] as number);
}

/** [examples, groups, positions, d] → Σ over examples and positions of outer products, [groups, d, d]. */
function gram(rows: Tensor): Tensor {
  const [, groups, , size] = rows.shape as [number, number, number, number];
  const flat = rows.transpose(0, 1).reshape([groups, -1, size]);
  return flat.transpose(1, 2).matmul(flat);
}

const plus = (sum: Tensor | undefined, value: Tensor): Tensor => (sum === undefined ? value : sum.add(value));

const added = (sums: readonly Factors[], more: readonly Factors[]): readonly Factors[] =>
  sums.map(({ block, matrices }, i) => ({
    block,
    matrices: matrices.map((each, j) => each.add(more[i]?.matrices[j] as Tensor)),
  }));

/** A layer that runs more than once in a pass has the positions of all its runs. */
function merged(factors: readonly Factors[]): readonly Factors[] {
  const byLayer = new Map<nn.Module, Factors>();
  for (const each of factors) {
    const before = byLayer.get(each.block.layer);
    byLayer.set(each.block.layer, before === undefined ? each : (added([before], [each])[0] as Factors));
  }
  return [...byLayer.values()];
}

function checkFinite({ weight, bias }: LayerBlock, matrices: readonly Tensor[]): void {
  if (matrices.every((each) => Number.isFinite(each.sum().item()))) return;
  throw new EditableError(
    'NOT_FINITE',
    `curvature: the factors of ${weight ?? bias} are not finite; the model's weights or the control inputs are not.`,
  );
}

/** Mean of the diagonal of F over all its parameters: what damping is relative to. */
export function meanDiagonal({ layers }: KroneckerFactors): number {
  let [sum, count] = [0, 0];
  for (const { matrices } of layers) {
    const [a, g] = matrices as [Tensor, Tensor | undefined];
    const traces = (of: Tensor): number[] => (of.shape.length === 2 ? [trace(of)] : of.unbind().map(trace));
    const groups = g === undefined ? traces(a) : traces(a).map((each, i) => each * (traces(g)[i] as number));
    sum += groups.reduce((total, each) => total + each, 0);
    count +=
      g === undefined
        ? (a.shape[0] as number)
        : (a.shape[0] as number) * (a.shape[1] as number) * (g.shape[1] as number);
  }
  return sum / count;
}

const trace = (matrix: Tensor): number => scope(() => matrix.to('float64').trace().item());

export interface KroneckerOptions {
  /** λ, relative to the mean of F's diagonal. */
  readonly damping: number;
}

/**
 * (G + γ/π)⁻¹ g (A + πγ)⁻¹ for each layer, γ² = λ and π² = (tr A / dim A) / (tr G / dim G) (Martens & Grosse, 2015,
 * section 6.3). Inverted in float64, once.
 */
export class KroneckerCurvature implements Curvature {
  readonly parameters: readonly string[];
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #inverses: readonly Factors[];

  constructor(factors: KroneckerFactors, { damping }: KroneckerOptions) {
    this.parameters = factors.names;
    this.identity = { kind: 'kronecker', damping, images: factors.count };
    const lambda = damping * meanDiagonal(factors);
    this.#inverses = factors.layers.map(({ block, matrices }) => ({
      block,
      matrices: scope(() =>
        matrices.length === 1
          ? [inverse(matrices[0] as Tensor, lambda)]
          : inverses(matrices as [Tensor, Tensor], lambda),
      ),
    }));
  }

  solve(vectors: readonly Tensor[]): Tensor[] {
    const solved = new Map<string, Tensor>();
    const given = (name: string | undefined): Tensor | undefined =>
      name === undefined ? undefined : (vectors[this.parameters.indexOf(name)] as Tensor);
    for (const { block, matrices } of this.#inverses) {
      const [a, g] = matrices as [Tensor, Tensor | undefined];
      const matrix = matricesOf(block, given(block.weight), given(block.bias));
      const product = g === undefined ? matrix.matmul(a) : betweenFactors(g, matrix, a);
      const names = [block.weight, block.bias].filter((name) => name !== undefined);
      for (const [i, part] of vectorsOf(block, product).entries()) solved.set(names[i] as string, part);
    }
    return this.parameters.map((name) => solved.get(name) as Tensor);
  }

  [Symbol.dispose](): void {
    for (const { matrices } of this.#inverses) for (const each of matrices) each.dispose();
  }
}

/** G M A for each vector's M, [vectors, groups, outputs, inputs]. A factor of one group is not copied for every vector. */
function betweenFactors(g: Tensor, matrix: Tensor, a: Tensor): Tensor {
  if (a.shape[0] !== 1) return g.matmul(matrix.matmul(a));
  return g
    .squeeze(0)
    .matmul(matrix.squeeze(1).matmul(a.squeeze(0)))
    .unsqueeze(1);
}

/** Of both factors of one layer, group by group. */
function inverses([a, g]: readonly [Tensor, Tensor], lambda: number): [Tensor, Tensor] {
  const gamma = Math.sqrt(lambda);
  const pairs = a.unbind().map((inputs, i) => {
    const outputs = g.unbind()[i] as Tensor;
    const [meanA, meanG] = [meanOfDiagonal(inputs), meanOfDiagonal(outputs)];
    const pi = Math.sqrt(meanA / meanG) || 1;
    const balance = Number.isFinite(pi) ? pi : 1;
    return [inverse(inputs, gamma * balance), inverse(outputs, gamma / balance)] as const;
  });
  return [stack(pairs.map(([each]) => each)), stack(pairs.map(([, each]) => each))];
}

const meanOfDiagonal = (matrix: Tensor): number => trace(matrix) / (matrix.shape[0] as number);

/** (M + damping)⁻¹ by Cholesky in float64, in M's own precision. @throws EditableError NOT_FINITE where M is not positive */
function inverse(matrix: Tensor, damping: number): Tensor {
  const size = matrix.shape[0] as number;
  const damped = matrix.to('float64').add(eye(size, { dtype: 'float64', device: matrix.device }).mul(damping));
  const [factor, info] = damped.linalgCholeskyEx();
  if (info.item() !== 0 || !(damping > 0)) {
    throw new EditableError(
      'NOT_FINITE',
      `curvature: a factor of ${size} × ${size} numbers cannot be inverted; it is damaged, or all control inputs give it zeros.`,
    );
  }
  return factor.choleskyInverse().to(matrix.dtype);
}
