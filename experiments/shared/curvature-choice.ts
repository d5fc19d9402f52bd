/** F in forms of its own, as data: what the natural editor's open questions compare. */
import { eye, type Tensor } from '@editable/torch';
import {
  ControlImages,
  type Curvature,
  type CurvatureOf,
  combinedCurvature,
  controlFactors,
  ekfacCurvature,
  firstStageOf,
  JacobianCurvature,
  type JacobianRows,
  jacobianRows,
  KroneckerCurvature,
  type KroneckerFactors,
  modelHash,
  type Run,
  trainingSplits,
  usualDamping,
} from 'editable';
import { digest } from './digest.js';
import type { Session } from './session.js';

export interface CurvatureChoice {
  /**
   * `kronecker`: the usual one. `inputs`: A alone, G a multiple of the identity. `diagonal`: of normalisations the diagonal
   * alone. `jacobian`: the control images' gradients. `both`: these on top of a tenth of the Kronecker factors of the same images.
   * `ekfac` and `combined`: as the library's metrics have them.
   */
  readonly form: 'kronecker' | 'inputs' | 'diagonal' | 'jacobian' | 'both' | 'ekfac' | 'combined';
  /** λ, relative to the mean of F's diagonal. */
  readonly damping: number;
  /** Training images, without their labels. */
  readonly images: number;
}

/** What the library does where nothing is said. */
export const usualCurvature: CurvatureChoice = { form: 'kronecker', damping: usualDamping, images: 1000 };

/** The most probable classes of a control image that have a row. */
const classes = 4;
/** γ: what the Kronecker factors count under the Jacobian. */
const share = 0.1;

/** The factors of the last model, layers and control images: one row after another asks for the same. */
let last: { readonly key: string; readonly factors: KroneckerFactors } | undefined;

/** Computed when first asked for. */
export function chosenCurvature(
  { dataset, device }: Session,
  { model, config }: Run,
  { form, damping, images }: CurvatureChoice,
): CurvatureOf {
  const { normalization } = config;
  const control = new ControlImages(trainingSplits(dataset).train, { normalization, device, images });
  const kronecker = (names: readonly string[]): Curvature => {
    const key = digest([modelHash(model), control.hash, names]);
    if (last?.key !== key) {
      for (const { matrices } of last?.factors.layers ?? []) for (const each of matrices) each.dispose();
      last = { key, factors: controlFactors(model, control, names) };
    }
    return new KroneckerCurvature(reduced(last.factors, form), { damping });
  };
  const rowsOf = (names: readonly string[]): JacobianRows =>
    jacobianRows(model, control.batches(model, firstStageOf(model, names)), control.count, { names, classes });
  if (form === 'ekfac' || form === 'combined') {
    const corrected = ekfacCurvature(model, control);
    return form === 'ekfac' ? corrected : combinedCurvature(corrected, model, control);
  }
  return (names) => {
    if (form === 'jacobian')
      return withRows(rowsOf(names), (rows) => new JacobianCurvature(rows, { base: { damping } }));
    if (form !== 'both') return kronecker(names);
    const base = scaled(kronecker(names), share);
    return withRows(rowsOf(names), (rows) => new JacobianCurvature(rows, { base }));
  };
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
