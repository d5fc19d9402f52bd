/** Element types: PyTorch's names, their c10::ScalarType numbers, sizes, and the typed array that holds each. */

export const dtypes = {
  uint8: { code: 0, bytes: 1, array: Uint8Array },
  int8: { code: 1, bytes: 1, array: Int8Array },
  int16: { code: 2, bytes: 2, array: Int16Array },
  int32: { code: 3, bytes: 4, array: Int32Array },
  int64: { code: 4, bytes: 8, array: BigInt64Array },
  /** Raw IEEE half bits: Node 20 has no Float16Array. */
  float16: { code: 5, bytes: 2, array: Uint16Array },
  float32: { code: 6, bytes: 4, array: Float32Array },
  float64: { code: 7, bytes: 8, array: Float64Array },
  /** One byte an element, 0 or 1. */
  bool: { code: 11, bytes: 1, array: Uint8Array },
  /** Raw bfloat16 bits: the upper half of a float32. */
  bfloat16: { code: 15, bytes: 2, array: Uint16Array },
} as const;

export type DType = keyof typeof dtypes;

/** The typed array that holds elements of one dtype. */
export type TypedArrayOf<D extends DType> = InstanceType<(typeof dtypes)[D]['array']>;

export type TypedArray = TypedArrayOf<DType>;

const byCode: ReadonlyMap<number, DType> = new Map(
  Object.entries(dtypes).map(([name, { code }]) => [code, name as DType]),
);

/** The dtype of a c10::ScalarType number; undefined for those this package does not use (complex, quantized). */
export const dtypeFromCode = (code: number): DType | undefined => byCode.get(code);

export const isFloating = (dtype: DType): boolean =>
  dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16';
