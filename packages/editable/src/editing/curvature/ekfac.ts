/**
 * Kronecker factors with corrected eigenvalues (EKFAC; George et al., 2018): a layer's F in the basis U_A ⊗ U_G of its factors'
 * eigenvectors, where its diagonal is taken from the control inputs one by one, s = E[(U_Gᵀ ∇ U_A)²], and not from products of
 * two averages. F⁻¹M = U_G ((U_Gᵀ M U_A) / (s + λ)) U_Aᵀ. Normalisations keep their exact block.
 */
import {
  batchSizeOf,
  enableGrad,
  keep,
  type nn,
  noGrad,
  scope,
  stack,
  type Tensor,
  type Tree,
  zeros,
} from '@editable/torch';
import { EditableError } from '../../errors.js';
import { type Answers, type AnswersChoice, answersOf } from './answers.js';
import { between, blockwise } from './blockwise.js';
import type { Curvature, FactoredGradient } from './curvature.js';
import { dampedInverse, trace } from './damped-inverse.js';
import { disposeFactors, type Factors, type KroneckerFactors } from './kronecker.js';
import { parametersOf, positionGradients } from './layer-blocks.js';
import { type LayerRuns, runLayers } from './layer-runs.js';

/**
 * One layer's matrices. Kronecker: U_A [groups, inputs, inputs], U_G [groups, outputs, outputs] and s [groups, outputs, inputs].
 * Dense: the block alone.
 */
export type EigenFactors = Factors;

export interface EkfacFactors {
  readonly names: readonly string[];
  readonly layers: readonly EigenFactors[];
  /** Control inputs that s is of. */
  readonly count: number;
}

/** Numbers of single examples' gradients that are in memory at once. */
const numbersAtOnce = 2 ** 24;

/**
 * Eigenvalues of `factors` corrected by control inputs in batches, each what the first edited stage receives: the factors' own,
 * or others. The factors are left as they are.
 *
 * @throws EditableError INVALID_ARGUMENT for no control inputs; NOT_FINITE where the model gives NaN
 */
export function ekfacFactors(
  model: nn.Model<Tree>,
  batches: Iterable<Tree>,
  { names, layers }: KroneckerFactors,
  choice: AnswersChoice,
): EkfacFactors {
  const answers = answersOf(choice);
  const sums: EigenFactors[] = [];
  let count = 0;
  try {
    for (const each of layers) sums.push(basisOf(each));
    for (const batch of batches) {
      scope(() => enableGrad(() => addSquares(sums, model, batch, { names, answers })));
      count += batchSizeOf(batch);
    }
    if (count === 0) throw new EditableError('INVALID_ARGUMENT', 'curvature: expected control inputs, received none.');
    for (const each of sums) divide(each, count);
  } catch (error) {
    disposeFactors(sums);
    throw error;
  }
  return { names, layers: sums, count };
}

/** From a sum over the control inputs to their mean. @throws EditableError NOT_FINITE */
function divide({ block, matrices }: EigenFactors, count: number): void {
  const squares = matrices[2];
  if (squares === undefined) return;
  const mean = 1 / count;
  const sum = scope(() => noGrad(() => squares.mul_(mean).sum().item()));
  if (Number.isFinite(sum)) return;
  throw new EditableError(
    'NOT_FINITE',
    `curvature: the gradients of ${parametersOf(block).join(', ')} are not finite; the model's weights or the control inputs are not.`,
  );
}

/** Eigenvectors of both factors, and zeros in place of s. */
function basisOf({ block, matrices }: Factors): EigenFactors {
  const [a, g] = matrices as [Tensor, Tensor | undefined];
  return scope(() =>
    noGrad(() => {
      if (g === undefined) return { block, matrices: [a.clone()].map(keep) };
      const shape = [a.shape[0] as number, g.shape[1] as number, a.shape[1] as number];
      return {
        block,
        matrices: [eigenvectors(a), eigenvectors(g), zeros(shape, { dtype: a.dtype, device: a.device })].map(keep),
      };
    }),
  );
}

/** Column by column, group by group. */
const eigenvectors = (matrices: Tensor): Tensor =>
  stack(matrices.unbind().map((each) => scope(() => each.to('float64').linalgEigh()[1].to(matrices.dtype))));

/** Adds to each s a batch's sum over its examples and answers. */
function addSquares(
  sums: readonly EigenFactors[],
  model: nn.Model<Tree>,
  batch: Tree,
  options: { readonly names: readonly string[]; readonly answers: Answers },
): void {
  const blocks = sums.map(({ block }) => block);
  const { runs, answers } = runLayers(model, batch, blocks, options);
  const inputs = noGrad(() =>
    runs.map((each, i) => {
      const [basis, outputs] = (sums[i] as EigenFactors).matrices as [Tensor, Tensor | undefined];
      return outputs === undefined ? [] : each.inputs.map((input) => input.matmul(basis));
    }),
  );
  for (const { deltas, weight } of answers) {
    scope(() =>
      noGrad(() => {
        for (const [i, each] of runs.entries()) {
          const [, basis, squares] = (sums[i] as EigenFactors).matrices as [Tensor, Tensor | undefined, Tensor];
          if (basis === undefined) continue;
          const outputs = outputsIn(each, basis, deltas[i] as readonly Tensor[]);
          addWeighted(squares, { inputs: inputs[i] as readonly Tensor[], outputs, weight });
        }
      }),
    );
  }
}

/** Gradients of the outputs in the basis U_G, call by call: [examples, groups, positions, outputs]. */
const outputsIn = ({ block }: LayerRuns, basis: Tensor, deltas: readonly Tensor[]): readonly Tensor[] =>
  deltas.map((delta) => positionGradients(block, delta).matmul(basis));

/** s += Σ_n w_n (Σ_t δ aᵀ)², the sum over positions of all calls, some examples at a time. */
function addWeighted(
  squares: Tensor,
  {
    inputs,
    outputs,
    weight,
  }: { readonly inputs: readonly Tensor[]; readonly outputs: readonly Tensor[]; readonly weight: Tensor },
): void {
  const examples = weight.shape[0] as number;
  const atOnce = Math.max(1, Math.floor(numbersAtOnce / squares.numel));
  for (let start = 0; start < examples; start += atOnce) {
    const length = Math.min(atOnce, examples - start);
    scope(() => {
      const part = (value: Tensor): Tensor => value.narrow(0, start, length);
      const gradients = outputs
        .map((each, i) =>
          part(each)
            .transpose(2, 3)
            .matmul(part(inputs[i] as Tensor)),
        )
        .reduce((sum, each) => sum.add(each));
      const flat = gradients.square().view([length, -1]);
      squares.add_(
        part(weight)
          .unsqueeze(0)
          .matmul(flat)
          .view([...squares.shape]),
      );
    });
  }
}

/** Mean of the diagonal of F over all its parameters: what damping is relative to. */
function meanDiagonal({ layers }: EkfacFactors): number {
  let [sum, count] = [0, 0];
  for (const { matrices } of layers) {
    const [block, , squares] = matrices as [Tensor, Tensor | undefined, Tensor | undefined];
    sum += squares === undefined ? trace(block) : scope(() => squares.to('float64').sum().item());
    count += squares === undefined ? (block.shape[0] as number) : squares.numel;
  }
  return sum / count;
}

export interface EkfacOptions {
  /** λ, relative to the mean of F's diagonal. */
  readonly damping: number;
  /** Hash of the control inputs, for `identity`. */
  readonly control?: string;
  /** What the factors are of, for `identity`. */
  readonly basis?: Readonly<Record<string, unknown>>;
}

export class EkfacCurvature implements Curvature {
  readonly parameters: readonly string[];
  readonly identity: Readonly<Record<string, unknown>>;
  /** Of each layer U_A, U_G and 1 / (s + λ), or the inverse of its block. */
  readonly #layers: readonly EigenFactors[];

  /** Lives until disposed of, in a scope too; the factors are not needed any more. @throws EditableError NOT_FINITE */
  constructor(factors: EkfacFactors, { damping, control, basis }: EkfacOptions) {
    this.parameters = factors.names;
    this.identity = {
      kind: 'ekfac',
      damping,
      images: factors.count,
      ...(control === undefined ? {} : { control }),
      ...(basis === undefined ? {} : { basis }),
    };
    const lambda = damping * meanDiagonal(factors);
    if (!(lambda > 0)) {
      throw new EditableError(
        'NOT_FINITE',
        'curvature: the factors cannot be inverted; they are damaged, or all control inputs give them zeros.',
      );
    }
    this.#layers = scope(() =>
      noGrad(() =>
        factors.layers.map(({ block, matrices }) => {
          const [a, g, squares] = matrices as [Tensor, Tensor | undefined, Tensor];
          const own =
            g === undefined ? [dampedInverse(a, lambda)] : [a.clone(), g.clone(), squares.add(lambda).reciprocal()];
          return { block, matrices: own.map(keep) };
        }),
      ),
    );
  }

  solve(vectors: readonly Tensor[], factored: readonly FactoredGradient[] = []): Tensor[] {
    return blockwise({ parameters: this.parameters, layers: this.#layers }, vectors, factored, ({ matrices }, own) => {
      const [a, g, inverse] = matrices as [Tensor, Tensor | undefined, Tensor];
      if (g === undefined) return own.matrices().matmul(a);
      const inBasis =
        own.factored === undefined
          ? between(g.transpose(1, 2), own.matrices(), a)
          : own.factored.outputs.matmul(g).transpose(2, 3).matmul(own.factored.inputs.matmul(a));
      return between(g, inBasis.mul(inverse), a.transpose(1, 2));
    });
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    disposeFactors(this.#layers);
  }
}
