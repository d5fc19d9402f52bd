/** F in forms of its own, as data: what the natural editor's open questions compare. */
import { eye, type Tensor } from '@editable/torch';
import {
  ControlImages,
  type Curvature,
  type CurvatureOf,
  controlFactors,
  firstStageOf,
  JacobianCurvature,
  type JacobianRows,
  jacobianRows,
  KroneckerCurvature,
  type KroneckerFactors,
  type Run,
  trainingSplits,
} from 'editable';
import type { Session } from './session.js';

export interface CurvatureChoice {
  /**
   * `kronecker`: the usual one. `inputs`: A alone, G a multiple of the identity. `diagonal`: of normalisations the diagonal
   * alone. `jacobian`: the control images' gradients. `both`: these on top of a tenth of the Kronecker factors.
   */
  readonly form: 'kronecker' | 'inputs' | 'diagonal' | 'jacobian' | 'both';
  /** λ, relative to the mean of F's diagonal. */
  readonly damping: number;
  /** Training images, without their labels. */
  readonly images: number;
}

/** Computed when first asked for; disposed of by whoever called this. */
export type ChosenCurvature = CurvatureOf & Disposable;

/** The most probable classes of a control image that have a row. */
const classes = 4;
/** γ: what the Kronecker factors count under the Jacobian. */
const share = 0.1;

export function chosenCurvature(
  { dataset, device, seed }: Session,
  { model, config }: Run,
  { form, damping, images }: CurvatureChoice,
): ChosenCurvature {
  const { normalization } = config;
  const control = new ControlImages(trainingSplits(dataset).train, { normalization, device, images, seed });
  const made: Curvature[] = [];
  const kronecker = (names: readonly string[]): Curvature => {
    const factors = reduced(controlFactors(model, control, names), form);
    return new KroneckerCurvature(factors, { damping });
  };
  const rowsOf = (names: readonly string[]): JacobianRows =>
    jacobianRows(model, control.batches(model, firstStageOf(model, names)), control.count, { names, classes });
  const make = (names: readonly string[]): Curvature => {
    if (form === 'jacobian')
      return withRows(rowsOf(names), (rows) => new JacobianCurvature(rows, { base: { damping } }));
    if (form !== 'both') return kronecker(names);
    const base = scaled(kronecker(names), share);
    return withRows(rowsOf(names), (rows) => new JacobianCurvature(rows, { base }));
  };
  const curvatureOf = (names: readonly string[]): Curvature => {
    const found = make(names);
    made.push(found);
    return found;
  };
  const dispose = (): void => {
    for (const each of made) each[Symbol.dispose]();
  };
  return Object.assign(curvatureOf, { [Symbol.dispose]: dispose });
}

/** The rows are freed: the curvature keeps what it needs of them. */
function withRows(rows: JacobianRows, use: (rows: JacobianRows) => Curvature): Curvature {
  const curvature = use(rows);
  for (const each of rows.rows) each.dispose();
  return curvature;
}

/** γF: its inverse is F⁻¹ / γ. */
const scaled = (curvature: Curvature, gamma: number): Curvature => ({
  parameters: curvature.parameters,
  identity: { ...curvature.identity, share: gamma },
  solve: (vectors) => curvature.solve(vectors).map((each) => each.div(gamma)),
  [Symbol.dispose]: () => curvature[Symbol.dispose](),
});

const reduced = (factors: KroneckerFactors, form: CurvatureChoice['form']): KroneckerFactors => ({
  ...factors,
  layers: factors.layers.map(({ block, matrices }) => {
    const [first, second] = matrices as [Tensor, Tensor | undefined];
    if (form === 'inputs' && second !== undefined) return { block, matrices: [first, evenly(second)] };
    if (form === 'diagonal' && second === undefined) return { block, matrices: [first.mul(identityLike(first))] };
    return { block, matrices };
  }),
});

/** A multiple of the identity with the same trace, for each group. */
function evenly(matrices: Tensor): Tensor {
  const one = identityLike(matrices);
  return matrices
    .mul(one)
    .sum([1, 2], { keepdim: true })
    .div(one.shape[0] as number)
    .mul(one);
}

const identityLike = (matrix: Tensor): Tensor => eye(matrix.shape.at(-1) as number, { device: matrix.device });
