/**
 * What follows a solution: F approximates L_loc (equation 4) where the model was, and steps that are each the least in F do
 * not add up to the least. From the solution on, L_loc of control inputs is reduced itself while every constraint stays in
 * force: projected gradient steps, preconditioned by F⁻¹, each as long as L_loc falls.
 */
import { noGrad, scope, type Tensor } from '@editable/torch';
import type { Curvature, Settling } from '../curvature/curvature.js';
import type { ConstraintRows } from './constraint-rows.js';
import { Projection } from './projection.js';

export interface SettleOptions {
  /** Where every row of `open` holds. */
  readonly theta: readonly Tensor[];
  /** Of all rows, at `theta`. */
  readonly residuals: Float64Array;
  /** Rows that shall hold. */
  readonly open: readonly number[];
  readonly curvature: Curvature;
  /** Rows are kept as far inside the boundary as a repair aims beyond it, in nats. */
  readonly overshoot: number;
}

interface Place {
  readonly theta: readonly Tensor[];
  readonly residuals: Float64Array;
}

/** Of F⁻¹∇L_loc, in the first step. F says too little about where repairs go: where it is exact, 1 would be right. */
const firstSize = 0.1;
const growth = 1.5;
const shrinkage = 3;
const mostTries = 12;
/** Rows that take part in a step, the nearest to violation first. */
const mostRows = 100;

/** From there to where L_loc of the control inputs is less, or to the same place. */
export function settle(
  rows: ConstraintRows,
  { theta, residuals, open, curvature, overshoot: room }: SettleOptions,
  { locality, steps }: Settling,
): Place {
  let place: Place = { theta, residuals };
  let size = firstSize;
  for (let step = 0; step < steps; step++) {
    const here = place;
    const next = scope(() => {
      const { divergence, gradients } = locality.gradient(here.theta, step);
      const direction = noGrad(() =>
        curvature.solve(gradients.map((each) => each.unsqueeze(0))).map((each) => each.squeeze(0)),
      );
      const projection = new Projection(rows, { ...here, curvature, overshoot: room });
      projection.add(nearest(here.residuals, open));
      for (let tries = 0; tries < mostTries; tries++) {
        const found = restored(rows, projection.down({ direction, size, room }), { open, curvature, room });
        if (found !== null && locality.divergence(found.theta, step) < divergence) return found;
        size /= shrinkage;
      }
      return null;
    });
    if (next === null) return place;
    place = next;
    // The first is the caller's.
    if (step > 0) for (const each of here.theta) each.dispose();
    size *= growth;
  }
  return place;
}

/** Where every row holds, at most one projection from there. */
function restored(
  rows: ConstraintRows,
  theta: readonly Tensor[],
  { open, curvature, room }: Pick<SettleOptions, 'open' | 'curvature'> & { readonly room: number },
): Place | null {
  const residuals = rows.residuals(theta);
  if (hold(residuals, open)) return { theta, residuals };
  const projection = new Projection(rows, { theta, residuals, curvature, overshoot: room });
  projection.add(nearest(residuals, open));
  const step = projection.step();
  if (step.contradictions.length > 0) return null;
  const after = rows.residuals(step.theta);
  return hold(after, open) ? { theta: step.theta, residuals: after } : null;
}

const hold = (residuals: Float64Array, open: readonly number[]): boolean =>
  open.every((row) => (residuals[row] as number) <= 0);

const nearest = (residuals: Float64Array, open: readonly number[]): readonly number[] =>
  [...open]
    .sort((a, b) => (residuals[b] as number) - (residuals[a] as number))
    .slice(0, mostRows)
    .sort((a, b) => a - b);
