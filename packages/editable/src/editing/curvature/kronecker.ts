/**
 * Kronecker-factored curvature (Martens & Grosse, 2015; Grosse & Martens, 2016): for each Linear and Conv2d
 * F ≈ A ⊗ G with A = E[Σ_t a aᵀ] over its inputs and G = E[(1/T) Σ_t δ δᵀ] over the gradients of its outputs, t over
 * positions. Normalisations have the exact block E[g gᵀ] of their scale and shift.
 */
import {
  batchSizeOf,
  enableGrad,
  keep,
  type nn,
  noGrad,
  type ProcessGroup,
  scope,
  stack,
  type Tensor,
  type Tree,
  tensor,
  zeros,
} from '@editable/torch';
import { EditableError } from '../../errors.js';
import { type Answers, type AnswersChoice, answersOf } from './answers.js';
import { between, blockwise } from './blockwise.js';
import type { Curvature, FactoredGradient } from './curvature.js';
import { dampedInverse, trace } from './damped-inverse.js';
import {
  blocksOf,
  type LayerBlock,
  matrixShapes,
  normalisationGradients,
  parametersOf,
  positionGradients,
} from './layer-blocks.js';
import { type LayerRuns, runLayers } from './layer-runs.js';

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
 * `classes`: the most probable of each input that the expectation over answers takes in. `group`: processes that have a share of the
 * batches each; all of them get the factors of all.
 */
export type FactorsOptions = AnswersChoice & {
  readonly names: readonly string[];
  readonly group?: ProcessGroup | undefined;
};

/**
 * Factors of the parameters `names` from control inputs in batches, each what the first edited stage receives.
 * Memory stays that of one batch.
 *
 * @throws EditableError NO_CURVATURE for a parameter of a layer without a rule; NOT_FINITE where the model gives NaN.
 */
export function kroneckerFactors(
  model: nn.Model<Tree>,
  batches: Iterable<Tree>,
  options: FactorsOptions,
): KroneckerFactors {
  const { names, group } = options;
  const answers = answersOf(options);
  const blocks = blocksOf(model, names);
  let sums: readonly Factors[] = [];
  let count = 0;
  try {
    for (const batch of batches) {
      const own = scope(() => enableGrad(() => factorSums(model, batch, blocks, { names, answers })));
      if (sums.length === 0) sums = own;
      else addInPlace(sums, own);
      count += batchSizeOf(batch);
    }
    if (group !== undefined) {
      if (sums.length === 0) sums = zeroFactors(model, blocks);
      count = addOver(group, sums, count);
    }
    if (count === 0)
      throw new EditableError(
        'INVALID_ARGUMENT',
        'curvature: expected control inputs, received none; take more of them, or fewer shards.',
      );
    for (const { block, matrices } of sums) {
      inPlace(() => matrices.map((each) => each.mul_(1 / count)));
      checkFinite(block, matrices);
    }
  } catch (error) {
    disposeFactors(sums);
    throw error;
  }
  return { names, layers: sums, count };
}

function addInPlace(sums: readonly Factors[], more: readonly Factors[]): void {
  for (const [i, { matrices }] of sums.entries()) {
    inPlace(() => matrices.map((each, j) => each.add_(more[i]?.matrices[j] as Tensor)));
  }
  disposeFactors(more);
}

/** The sums of all processes in the place of this one's. How many control inputs they are of. */
function addOver(group: ProcessGroup, sums: readonly Factors[], own: number): number {
  for (const each of sums.flatMap(({ matrices }) => matrices)) group.allReduce(each);
  return scope(() => {
    const count = tensor([own], { dtype: 'float64' });
    group.allReduce(count);
    return count.item();
  });
}

/** Factors as they are before any control input. */
export const zeroFactors = (model: nn.Model<Tree>, blocks: readonly LayerBlock[]): readonly Factors[] =>
  blocks.map((block) => {
    const { dtype, device } = model.parameters.get(parametersOf(block)[0] as string) as Tensor;
    return { block, matrices: matrixShapes(block).map((shape) => zeros(shape, { dtype, device })) };
  });

/** On our own sums, so no model's tensor is written to; an operator in place gives a second handle, freed here. */
const inPlace = (write: () => readonly Tensor[]): void => scope(() => void write());

/** Frees the factors' tensors. */
export function disposeFactors(layers: readonly Factors[]): void {
  for (const { matrices } of layers) for (const each of matrices) each.dispose();
}

/** Sums over a batch. */
function factorSums(
  model: nn.Model<Tree>,
  batch: Tree,
  blocks: readonly LayerBlock[],
  options: { readonly names: readonly string[]; readonly answers: Answers },
): readonly Factors[] {
  const { runs, answers } = runLayers(model, batch, blocks, options);
  const outer = noGrad(() =>
    runs.map(({ block, inputs }) => (block.kind === 'dense' ? [] : [inputs.map(gram).reduce(plus)])),
  );
  let gradients: readonly (Tensor | undefined)[] = runs.map(() => undefined);
  for (const { deltas, weight } of answers) {
    gradients = noGrad(() =>
      runs.map((each, i) => {
        const own = gradientSum(each, deltas[i] as readonly Tensor[], weight);
        return gradients[i] === undefined ? own : plus(gradients[i], own);
      }),
    );
  }
  return runs.map(({ block }, i) => ({ block, matrices: [...(outer[i] as Tensor[]), gradients[i] as Tensor] }));
}

/**
 * Σ_n w_n (1/T) Σ_t δ δᵀ, T being the positions of all runs, or Σ_n w_n g gᵀ. `deltas`: gradients of the runs' outputs;
 * `weight`: of each example's class, [examples].
 */
function gradientSum({ block, inputs }: LayerRuns, deltas: readonly Tensor[], weight: Tensor): Tensor {
  const root = weight.sqrt();
  if (block.kind === 'dense') {
    const rows = deltas.map((delta, i) => normalisationGradients(block, inputs[i] as Tensor, delta)).reduce(plus);
    const weighted = rows.mul(root.unsqueeze(1));
    return weighted.t().matmul(weighted);
  }
  const rows = deltas.map((delta) => positionGradients(block, delta).mul(root.view([-1, 1, 1, 1])));
  const positions = rows.reduce((sum, each) => sum + (each.shape[2] as number), 0);
  return rows.map(gram).reduce(plus).div(positions);
}

/** [examples, groups, positions, d] → Σ over examples and positions of outer products, [groups, d, d]. */
function gram(rows: Tensor): Tensor {
  const [, groups, , size] = rows.shape as [number, number, number, number];
  const flat = rows.transpose(0, 1).reshape([groups, -1, size]);
  return flat.transpose(1, 2).matmul(flat);
}

const plus = (sum: Tensor, value: Tensor): Tensor => sum.add(value);

function checkFinite({ weight, bias }: LayerBlock, matrices: readonly Tensor[]): void {
  if (matrices.every((each) => scope(() => Number.isFinite(each.sum().item())))) return;
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
    const traces = (of: Tensor): number[] =>
      scope(() => (of.shape.length === 2 ? [trace(of)] : of.unbind().map(trace)));
    const [inputs, outputs] = [traces(a), g && traces(g)];
    sum += inputs.reduce((total, each, i) => total + each * (outputs?.[i] ?? 1), 0);
    count +=
      g === undefined
        ? (a.shape[0] as number)
        : (a.shape[0] as number) * (a.shape[1] as number) * (g.shape[1] as number);
  }
  return sum / count;
}

export interface KroneckerOptions {
  /** λ, relative to the mean of F's diagonal. */
  readonly damping: number;
  /** Hash of the control inputs, for `identity`. */
  readonly control?: string;
}

/**
 * (G + γ/π)⁻¹ g (A + πγ)⁻¹ for each layer, γ² = λ and π² = (tr A / dim A) / (tr G / dim G) (Martens & Grosse, 2015,
 * section 6.3). Inverted in float64, once.
 */
export class KroneckerCurvature implements Curvature {
  readonly parameters: readonly string[];
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #inverses: readonly Factors[];

  /** Lives until disposed of, in a scope too. @throws EditableError NOT_FINITE where a factor cannot be inverted */
  constructor(factors: KroneckerFactors, { damping, control }: KroneckerOptions) {
    this.parameters = factors.names;
    this.identity = {
      kind: 'kronecker',
      damping,
      images: factors.count,
      ...(control === undefined ? {} : { control }),
    };
    const lambda = damping * meanDiagonal(factors);
    this.#inverses = scope(() =>
      noGrad(() =>
        factors.layers.map(({ block, matrices }) => ({
          block,
          matrices: scope(() =>
            matrices.length === 1
              ? [dampedInverse(matrices[0] as Tensor, lambda)]
              : inverses(matrices as [Tensor, Tensor], lambda),
          ),
        })),
      ),
    );
    for (const { matrices } of this.#inverses) matrices.forEach(keep);
  }

  solve(vectors: readonly Tensor[], factored: readonly FactoredGradient[] = []): Tensor[] {
    return blockwise(
      { parameters: this.parameters, layers: this.#inverses },
      vectors,
      factored,
      ({ matrices }, own) => {
        const [a, g] = matrices as [Tensor, Tensor | undefined];
        if (g === undefined) return own.matrices().matmul(a);
        return own.factored === undefined
          ? between(g, own.matrices(), a)
          : own.factored.outputs.matmul(g).transpose(2, 3).matmul(own.factored.inputs.matmul(a));
      },
    );
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    disposeFactors(this.#inverses);
  }
}

/** Of both factors of one layer, group by group. */
function inverses([a, g]: readonly [Tensor, Tensor], lambda: number): [Tensor, Tensor] {
  const gamma = Math.sqrt(lambda);
  const ofOutputs = g.unbind();
  const pairs = a.unbind().map((inputs, i) => {
    const outputs = ofOutputs[i] as Tensor;
    const [meanA, meanG] = [meanOfDiagonal(inputs), meanOfDiagonal(outputs)];
    const pi = Math.sqrt(meanA / meanG) || 1;
    const balance = Number.isFinite(pi) ? pi : 1;
    return [dampedInverse(inputs, gamma * balance), dampedInverse(outputs, gamma / balance)] as const;
  });
  return [stack(pairs.map(([each]) => each)), stack(pairs.map(([, each]) => each))];
}

const meanOfDiagonal = (matrix: Tensor): number => trace(matrix) / (matrix.shape[0] as number);
