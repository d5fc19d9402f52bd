/** A dense matrix in plain memory: what the analyses take and give. */

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row by row. */
  readonly values: Float32Array | Float64Array;
}
