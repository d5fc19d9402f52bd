/**
 * Curvature from the gradients of a control set, for any model: JᵀJ = F with a row √(p(c|x) / N) ∇ log p(c|x) for each
 * control input x and each of its most probable classes c, on top of a base B that can be inverted. By Woodbury,
 * (B + JᵀJ)⁻¹ = B⁻¹ − B⁻¹Jᵀ (I + J B⁻¹ Jᵀ)⁻¹ J B⁻¹.
 */
import { cat, eye, keep, type nn, noGrad, scope, type Tensor, type Tree } from '@editable/torch';
import { EditableError } from '../../errors.js';
import { firstStageOf } from '../layers.js';
import { type Answers, type AnswersChoice, answersOf } from './answers.js';
import type { Curvature } from './curvature.js';
import { exampleGradients } from './example-gradients.js';

/** `classes`: the most probable of each input that have a row. */
export type JacobianRowsOptions = AnswersChoice & {
  readonly names: readonly string[];
  /** Bound on the memory of the rows and of their products with B⁻¹ together, in bytes. */
  readonly memory?: number;
};

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
  model: nn.Model<Tree>,
  batches: Iterable<Tree>,
  count: number,
  { names, memory = jacobianMemory, ...choice }: JacobianRowsOptions,
): JacobianRows {
  const answers = answersOf(choice);
  const theta = names.map((name) => model.parameters.get(name) as Tensor);
  const numbers = theta.reduce((sum, each) => sum + each.numel, 0);
  checkMemory(count * answers.count, numbers, memory);
  return scope(() => {
    const from = firstStageOf(model, names);
    const parts: (readonly Tensor[])[] = [];
    for (const batch of batches) {
      const weights = scope(() => noGrad(() => answers.of(model.call(batch, { from }).output).weights));
      for (let rank = 0; rank < (weights.shape[1] as number); rank++)
        parts.push(scope(() => weightedRows(model, batch, { names, theta, answers, rank, count, weights })));
    }
    if (parts.length === 0) {
      throw new EditableError('INVALID_ARGUMENT', 'curvature: expected control inputs, received none.');
    }
    return { names, rows: joined(parts), count };
  });
}

/** Parts one below another for each parameter. They are freed parameter by parameter, so that few numbers are there twice. */
export function joined(parts: readonly (readonly Tensor[])[]): readonly Tensor[] {
  const [first = []] = parts;
  if (parts.length === 1) return first;
  return first.map((_, i) => {
    const own = parts.map((part) => part[i] as Tensor);
    const whole = cat(own);
    for (const each of own) each.dispose();
    return whole;
  });
}

/** `weights`: of the examples' answers, [examples, answers]; `rank`: whose rows these are. */
function weightedRows(
  model: nn.Model<Tree>,
  batch: Tree,
  {
    names,
    theta,
    answers,
    rank,
    count,
    weights,
  }: {
    names: readonly string[];
    theta: readonly Tensor[];
    answers: Answers;
    rank: number;
    count: number;
    weights: Tensor;
  },
): readonly Tensor[] {
  const values = (output: Tensor): Tensor => answers.of(output).logProbabilities.select(1, rank);
  const { gradients } = exampleGradients(model, batch, { names, theta, values });
  const root = weights.select(1, rank).div(count).sqrt();
  return gradients.map((each) => each.mul(root.view([-1, ...each.shape.slice(1).map(() => 1)])));
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
  /** Hash of the control inputs, for `identity`. */
  readonly control?: string;
}

export class JacobianCurvature implements Curvature {
  readonly parameters: readonly string[];
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #base: (vectors: readonly Tensor[]) => readonly Tensor[];
  /** B⁻¹Jᵀ, row by row. */
  readonly #products: readonly Tensor[];
  /** Of I + J B⁻¹ Jᵀ. */
  readonly #inverse: Tensor;

  /**
   * Lives until disposed of, in a scope too; the rows are not needed any more, the base is.
   *
   * @throws EditableError INVALID_ARGUMENT for a base of other parameters; NOT_FINITE
   */
  constructor({ names, rows, count }: JacobianRows, { base, control }: JacobianOptions) {
    this.parameters = names;
    this.identity = {
      kind: 'jacobian',
      images: count,
      rows: (rows[0] as Tensor).shape[0],
      ...(control === undefined ? {} : { control }),
      base: 'damping' in base ? { damping: base.damping } : base.identity,
    };
    this.#base = 'damping' in base ? scaledIdentity(base.damping * meanDiagonal(rows)) : solverOf(base, names);
    [this.#products, this.#inverse] = scope(() =>
      noGrad(() => {
        const found = inChunks(rows, this.#base);
        return [found, inverseOf(products(rows, found))] as const;
      }),
    );
    for (const each of [...this.#products, this.#inverse]) keep(each);
  }

  solve(vectors: readonly Tensor[]): Tensor[] {
    const along = products(vectors, this.#products).matmul(this.#inverse); // [vectors, rows]
    return this.#base(vectors).map((each, i) => {
      const correction = along.matmul(flat(this.#products[i] as Tensor));
      return each.sub(correction.view([...each.shape]));
    });
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    for (const each of [...this.#products, this.#inverse]) each.dispose();
  }
}

/** Rows that the base is applied to at once: on the way it makes copies of them. */
const chunk = 64;

function inChunks(
  rows: readonly Tensor[],
  solve: (vectors: readonly Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
  const count = (rows[0] as Tensor).shape[0] as number;
  const parts: (readonly Tensor[])[] = [];
  for (let from = 0; from < count; from += chunk) {
    const size = Math.min(chunk, count - from);
    parts.push(scope(() => solve(rows.map((each) => each.narrow(0, from, size)))));
  }
  return joined(parts);
}

function solverOf(base: Curvature, names: readonly string[]): (vectors: readonly Tensor[]) => readonly Tensor[] {
  if (base.parameters.join() === names.join()) return (vectors) => base.solve(vectors);
  throw new EditableError(
    'INVALID_ARGUMENT',
    `curvature: the base is of ${base.parameters.length} parameters (${base.parameters[0]}, …), the Jacobian of ${names.length} (${names[0]}, …); compute both for the edited layers.`,
  );
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

/** Inner products of two lists of vectors over all parameters: [a, b]. Two sums are held at a time, not one a parameter. */
export function products(a: readonly Tensor[], b: readonly Tensor[]): Tensor {
  const own = (i: number): Tensor => flat(a[i] as Tensor).matmul(flat(b[i] as Tensor).t());
  let sum = own(0);
  for (let i = 1; i < a.length; i++) {
    const before = sum;
    sum = scope(() => before.add(own(i)));
    before.dispose();
  }
  return sum;
}

function inverseOf(gram: Tensor): Tensor {
  const size = gram.shape[0] as number;
  const [factor, info] = gram
    .to('float64')
    .add(eye(size, { dtype: 'float64', device: gram.device }))
    .linalgCholeskyEx();
  // LAPACK does not look for NaN.
  if (info.item() !== 0 || !Number.isFinite(factor.sum().item())) {
    throw new EditableError(
      'NOT_FINITE',
      'curvature: the Jacobian of the control inputs is not finite, or too large for the damping.',
    );
  }
  return factor.choleskyInverse().to(gram.dtype);
}
