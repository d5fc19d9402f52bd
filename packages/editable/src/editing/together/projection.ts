/** One step of a set: θ − F⁻¹Jᵀμ, the least change in the metric F that meets the linearised rows (a quadratic program). */
import { noGrad, type Tensor, tensor } from '@editable/torch';
import type { Curvature } from '../curvature/curvature.js';
import { products } from '../curvature/jacobian.js';
import type { ConstraintRows } from './constraint-rows.js';
import { nonNegative } from './non-negative.js';

export interface ProjectionOptions {
  /** Rows that take part. */
  readonly active: readonly number[];
  /** Of all rows. */
  readonly residuals: Float64Array;
  readonly curvature: Curvature;
  /** Rows past violation are aimed this far beyond the boundary, in nats. */
  readonly overshoot: number;
}

export interface Projection {
  readonly theta: readonly Tensor[];
  /** Pairs of constraints whose rows pull in opposite directions. */
  readonly contradictions: readonly (readonly [number, number])[];
}

/** Cosine of two rows' gradients in the metric F⁻¹ below which no step serves both. */
const opposite = -0.999;

export function project(
  rows: ConstraintRows,
  theta: readonly Tensor[],
  { active, residuals, curvature, overshoot }: ProjectionOptions,
): Projection {
  const { gradients, factored } = rows.gradients(active, theta);
  return noGrad(() => {
    const directions = curvature.solve(gradients, factored);
    const gram = (products(gradients, directions).to('float64').data() as Float64Array).slice();
    const lacking = Float64Array.from(active, (row) => {
      const residual = residuals[row] as number;
      // A row that holds keeps half of the room that it has.
      return residual > 0 ? residual + overshoot : residual / 2;
    });
    const contradictions = contradictionsIn(rows, active, gram, lacking);
    if (contradictions.length > 0) return { theta, contradictions };
    const multipliers = tensor(nonNegative(gram, lacking), { device: theta[0]!.device }).to(theta[0]!.dtype);
    return {
      theta: theta.map((each, i) => each.sub(combined(directions[i] as Tensor, multipliers, each))),
      contradictions,
    };
  });
}

/** Σ μ_r v_r */
const combined = (vectors: Tensor, multipliers: Tensor, like: Tensor): Tensor =>
  multipliers
    .unsqueeze(0)
    .matmul(vectors.reshape([vectors.shape[0] as number, -1]))
    .view([...like.shape]);

function contradictionsIn(
  rows: ConstraintRows,
  active: readonly number[],
  gram: Float64Array,
  lacking: Float64Array,
): readonly (readonly [number, number])[] {
  const size = active.length;
  const found = new Map<string, readonly [number, number]>();
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const scale = Math.sqrt((gram[i * size + i] as number) * (gram[j * size + j] as number));
      if (!((gram[i * size + j] as number) < opposite * scale) || (lacking[i] as number) + (lacking[j] as number) <= 0)
        continue;
      const [a, b] = [rows.constraintOf(active[i] as number), rows.constraintOf(active[j] as number)];
      if (a !== b) found.set(`${a} ${b}`, [a, b]);
    }
  }
  return [...found.values()];
}
