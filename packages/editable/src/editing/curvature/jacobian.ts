/**
 * Curvature from the gradients of a control set, for any model: JᵀJ = F with a row √(p(c|x) / N) ∇ log p(c|x) for each
 * control input x and each of its most probable classes c, on top of a base B that can be inverted. By Woodbury,
 * (B + JᵀJ)⁻¹ = B⁻¹ − B⁻¹Jᵀ (I + J B⁻¹ Jᵀ)⁻¹ J B⁻¹.
 */
import { cat, eye, type nn, noGrad, scope, type Tensor } from '@editable/torch';
import { EditableError } from '../../errors.js';
import type { Curvature } from './curvature.js';
import { exampleGradients } from './example-gradients.js';
import { mostProbable } from './probable-classes.js';

export interface JacobianRowsOptions {
  readonly names: readonly string[];
  /** The most probable classes of each input that have a row. */
  readonly classes: number;
  /** Bound on the memory of the rows and of their products with B⁻¹ together, in bytes. */
  readonly memory?: number;
}

export interface JacobianRows {
  readonly names: readonly string[];
  /** A tensor [rows, ...shape] for each parameter. */
  readonly rows: readonly Tensor[];
  /** Control inputs. */
  readonly count: number;
}

/** Of the rows and their products together, in bytes. */
export const jacobianMemory: number = 4 * 2 ** 30;

/**
 * The rows of `count` control inputs in batches, each what the first edited stage receives.
 *
 * @throws EditableError INVALID_ARGUMENT where they take more than `memory` bytes: 8 × rows × edited numbers
 */
export function jacobianRows(
  model: nn.Model,
  batches: Iterable<Tensor>,
  count: number,
  { names, classes, memory = jacobianMemory }: JacobianRowsOptions,
): JacobianRows {
  const theta = names.map((name) => model.parameters.get(name) as Tensor);
  const numbers = theta.reduce((sum, each) => sum + each.numel, 0);
  checkMemory(count * classes, numbers, memory);
  return scope(() => {
    const parts: (readonly Tensor[])[] = [];
    for (const batch of batches) {
      for (let rank = 0; rank < classes; rank++) {
        parts.push(scope(() => weightedRows(model, batch, { names, theta, classes, rank, count })));
      }
    }
    return { names, rows: names.map((_, i) => cat(parts.map((part) => part[i] as Tensor))), count };
  });
}

function weightedRows(
  model: nn.Model,
  batch: Tensor,
  {
    names,
    theta,
    classes,
    rank,
    count,
  }: { names: readonly string[]; theta: readonly Tensor[]; classes: number; rank: number; count: number },
): Tensor[] {
  let weight: Tensor | undefined;
  const { gradients } = exampleGradients(model, batch, {
    names,
    theta,
    values: (output) => {
      const { logProbabilities, weights } = mostProbable(output, classes);
      weight = weights.select(1, rank).div(count).sqrt();
      return logProbabilities.select(1, rank);
    },
  });
  return noGrad(() =>
    gradients.map((each) => each.mul((weight as Tensor).view([-1, ...each.shape.slice(1).map(() => 1)]))),
  );
}

function checkMemory(rows: number, numbers: number, memory: number): void {
  const needed = 8 * rows * numbers;
  if (needed <= memory) return;
  const size = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `curvature: the Jacobian of ${rows} rows by ${numbers} edited numbers takes ${size(needed)}, more than the ${size(memory)} allowed; edit fewer layers, or use fewer control images or classes.`,
  );
}

export interface JacobianOptions {
  /** B = λ · I, λ relative to the mean of JJᵀ's diagonal; or another curvature of the same parameters. */
  readonly base: { readonly damping: number } | Curvature;
}

export class JacobianCurvature implements Curvature {
  readonly parameters: readonly string[];
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #base: (vectors: readonly Tensor[]) => readonly Tensor[];
  /** B⁻¹Jᵀ, row by row. */
  readonly #products: readonly Tensor[];
  /** Of I + J B⁻¹ Jᵀ. */
  readonly #inverse: Tensor;

  constructor({ names, rows, count }: JacobianRows, { base }: JacobianOptions) {
    this.parameters = names;
    const own = { kind: 'jacobian', images: count, rows: (rows[0] as Tensor).shape[0] };
    this.identity = { ...own, base: 'damping' in base ? { damping: base.damping } : base.identity };
    this.#base =
      'damping' in base ? scaledIdentity(base.damping * meanDiagonal(rows)) : (vectors) => base.solve(vectors);
    this.#products = scope(() => noGrad(() => this.#base(rows).slice()));
    this.#inverse = scope(() => noGrad(() => inverseOf(products(rows, this.#products))));
  }

  solve(vectors: readonly Tensor[]): Tensor[] {
    const along = products(vectors, this.#products).matmul(this.#inverse); // [vectors, rows]
    return this.#base(vectors).map((each, i) => {
      const correction = along.matmul(flat(this.#products[i] as Tensor));
      return each.sub(correction.view([...each.shape]));
    });
  }

  [Symbol.dispose](): void {
    for (const each of [...this.#products, this.#inverse]) each.dispose();
  }
}

const scaledIdentity =
  (lambda: number) =>
  (vectors: readonly Tensor[]): readonly Tensor[] =>
    vectors.map((each) => each.div(lambda));

/** Mean of the diagonal of JJᵀ. */
function meanDiagonal(rows: readonly Tensor[]): number {
  const sum = rows.reduce((total, each) => total + scope(() => each.square().sum().item()), 0);
  return sum / ((rows[0] as Tensor).shape[0] as number);
}

const flat = (vectors: Tensor): Tensor => vectors.reshape([vectors.shape[0] as number, -1]);

/** Inner products of two lists of vectors over all parameters: [a, b]. */
export const products = (a: readonly Tensor[], b: readonly Tensor[]): Tensor =>
  a.map((each, i) => flat(each).matmul(flat(b[i] as Tensor).t())).reduce((sum, each) => sum.add(each));

function inverseOf(gram: Tensor): Tensor {
  const size = gram.shape[0] as number;
  const [factor, info] = gram
    .to('float64')
    .add(eye(size, { dtype: 'float64', device: gram.device }))
    .linalgCholeskyEx();
  if (info.item() !== 0) {
    throw new EditableError(
      'NOT_FINITE',
      'curvature: the Jacobian of the control inputs is not finite, or too large for the damping.',
    );
  }
  return factor.choleskyInverse().to(gram.dtype);
}
