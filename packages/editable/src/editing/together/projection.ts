/** One step of a set: θ − F⁻¹Jᵀμ, the least change in the metric F that meets the linearised rows (a quadratic program). */
import { noGrad, type Tensor, tensor } from '@editable/torch';
import type { Curvature } from '../curvature/curvature.js';
import { joined, products } from '../curvature/jacobian.js';
import type { ConstraintRows } from './constraint-rows.js';
import { nonNegative } from './non-negative.js';

export interface ProjectionOptions {
  /** Where the step starts. */
  readonly theta: readonly Tensor[];
  /** Of all rows, at `theta`. */
  readonly residuals: Float64Array;
  readonly curvature: Curvature;
  /** Rows past violation are aimed this far beyond the boundary, in nats. */
  readonly overshoot: number;
}

export interface ProjectedStep {
  readonly theta: readonly Tensor[];
  /** Pairs of constraints whose rows pull in opposite directions. */
  readonly contradictions: readonly (readonly [number, number])[];
}

/** Cosine of two rows' gradients in the metric F⁻¹ below which no step serves both. */
const opposite = -0.999;

/** Rows that were added together: a tensor [rows, ...shape] for each parameter. */
interface Part {
  readonly gradients: readonly Tensor[];
  /** F⁻¹ applied to them. */
  readonly directions: readonly Tensor[];
}

/** A way that the step takes besides, as far as the rows allow. */
export interface Descent {
  /** Of each parameter: what is taken off it. */
  readonly direction: readonly Tensor[];
  /** How much of it. */
  readonly size: number;
  /** Every row is kept this far inside the boundary, in nats. */
  readonly room: number;
}

/** The rows that take part in a step. Rows added later cost their own gradients alone. */
export class Projection {
  readonly #rows: ConstraintRows;
  readonly #options: ProjectionOptions;
  readonly #active: number[] = [];
  readonly #parts: Part[] = [];
  /** J F⁻¹ Jᵀ of the active rows. */
  #gram: Float64Array = new Float64Array(0);

  constructor(rows: ConstraintRows, options: ProjectionOptions) {
    this.#rows = rows;
    this.#options = options;
  }

  has(row: number): boolean {
    return this.#active.includes(row);
  }

  add(rows: readonly number[]): void {
    const { theta, curvature } = this.#options;
    const groups = this.#rows.gradients(rows, theta);
    // Solved group by group: each has its own form as sums over few positions.
    const part = noGrad(() => ({
      directions: joined(groups.map(({ gradients, factored }) => curvature.solve(gradients, factored))),
      gradients: joined(groups.map(({ gradients }) => gradients)),
    }));
    this.#parts.push(part);
    this.#active.push(...rows);
    this.#gram = noGrad(() => this.#withProducts(part));
  }

  /** The step, or the contradictions that forbid it. */
  step(): ProjectedStep {
    const { theta, residuals, overshoot } = this.#options;
    const lacking = Float64Array.from(this.#active, (row) => {
      const residual = residuals[row] as number;
      // A row that holds keeps half of the room that it has.
      return residual > 0 ? residual + overshoot : residual / 2;
    });
    const contradictions = this.#contradictions(lacking);
    if (contradictions.length > 0) return { theta, contradictions };
    return { theta: noGrad(() => this.#withMultipliers(theta, lacking)), contradictions };
  }

  /** θ − s d − F⁻¹Jᵀμ: the step down that is the nearest, in F, to the whole way down and meets the linearised rows. */
  down({ direction, size, room }: Descent): readonly Tensor[] {
    const { theta, residuals } = this.#options;
    return noGrad(() => {
      const way = direction.map((each) => each.unsqueeze(0));
      const along = this.#parts.flatMap(({ gradients }) => [
        ...(products(gradients, way).to('float64').data() as Float64Array),
      ]);
      const lacking = Float64Array.from(
        this.#active,
        (row, i) => (residuals[row] as number) + room - size * (along[i] as number),
      );
      const below = theta.map((each, i) => each.sub(direction[i] as Tensor, { alpha: size }));
      return this.#withMultipliers(below, lacking);
    });
  }

  /** θ − F⁻¹Jᵀμ, for what the rows lack at θ. */
  #withMultipliers(theta: readonly Tensor[], lacking: Float64Array): readonly Tensor[] {
    const multipliers = tensor(nonNegative(this.#gram, lacking), { device: theta[0]!.device }).to(theta[0]!.dtype);
    return theta.map((each, i) => each.sub(this.#combined(i, multipliers, each)));
  }

  /** The products of all active rows, of which those of the last part are new. */
  #withProducts(added: Part): Float64Array {
    const size = this.#active.length;
    const gram = new Float64Array(size * size);
    const first = size - sizeOf(added);
    for (let i = 0; i < first; i++) gram.set(this.#gram.subarray(i * first, (i + 1) * first), i * size);
    let offset = 0;
    for (const part of this.#parts) {
      const columns = sizeOf(part);
      const block = products(added.gradients, part.directions).to('float64').data() as Float64Array;
      for (let i = first; i < size; i++) {
        for (let j = 0; j < columns; j++) {
          const product = block[(i - first) * columns + j] as number;
          gram[i * size + offset + j] = product;
          if (part !== added) gram[(offset + j) * size + i] = product;
        }
      }
      offset += columns;
    }
    return gram;
  }

  /** Σ μ_r F⁻¹g_r of parameter `i`. */
  #combined(i: number, multipliers: Tensor, like: Tensor): Tensor {
    let offset = 0;
    const sums = this.#parts.map((part) => {
      const [directions, size] = [part.directions[i] as Tensor, sizeOf(part)];
      const own = multipliers.narrow(0, offset, size).unsqueeze(0);
      offset += size;
      return own.matmul(directions.reshape([size, -1])).view([...like.shape]);
    });
    return sums.reduce((sum, each) => sum.add(each));
  }

  #contradictions(lacking: Float64Array): readonly (readonly [number, number])[] {
    const [active, gram, size] = [this.#active, this.#gram, this.#active.length];
    const found = new Map<string, readonly [number, number]>();
    for (let i = 0; i < size; i++) {
      for (let j = i + 1; j < size; j++) {
        const scale = Math.sqrt((gram[i * size + i] as number) * (gram[j * size + j] as number));
        if (
          !((gram[i * size + j] as number) < opposite * scale) ||
          (lacking[i] as number) + (lacking[j] as number) <= 0
        )
          continue;
        const [a, b] = [this.#rows.constraintOf(active[i] as number), this.#rows.constraintOf(active[j] as number)];
        if (a !== b) found.set(`${a} ${b}`, [a, b]);
      }
    }
    return [...found.values()];
  }
}

const sizeOf = ({ directions }: Part): number => (directions[0] as Tensor).shape[0] as number;
