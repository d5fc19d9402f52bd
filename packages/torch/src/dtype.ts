/** Element types: PyTorch's names, their c10::ScalarType numbers, sizes, and the typed array that holds each. */

/** The typed array of each dtype. Half types have none in Node 20 and are held as raw bits; bool is one byte, 0 or 1. */
interface ArrayTypes {
  readonly uint8: Uint8Array;
  readonly int8: Int8Array;
  readonly int16: Int16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly float16: Uint16Array;
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly bool: Uint8Array;
  readonly bfloat16: Uint16Array;
}

export type DType = keyof ArrayTypes;

/** The typed array that holds elements of one dtype. */
export type TypedArrayOf<D extends DType> = ArrayTypes[D];

export type TypedArray = TypedArrayOf<DType>;

interface ElementType<D extends DType> {
  readonly code: number;
  readonly bytes: number;
  readonly array: new (buffer: ArrayBuffer, byteOffset?: number, length?: number) => TypedArrayOf<D>;
}

export const dtypes: { readonly [D in DType]: ElementType<D> } = {
  uint8: { code: 0, bytes: 1, array: Uint8Array },
  int8: { code: 1, bytes: 1, array: Int8Array },
  int16: { code: 2, bytes: 2, array: Int16Array },
  int32: { code: 3, bytes: 4, array: Int32Array },
  int64: { code: 4, bytes: 8, array: BigInt64Array },
  float16: { code: 5, bytes: 2, array: Uint16Array },
  float32: { code: 6, bytes: 4, array: Float32Array },
  float64: { code: 7, bytes: 8, array: Float64Array },
  bool: { code: 11, bytes: 1, array: Uint8Array },
  bfloat16: { code: 15, bytes: 2, array: Uint16Array },
};

const byCode: ReadonlyMap<number, DType> = new Map(
  Object.entries(dtypes).map(([name, { code }]) => [code, name as DType]),
);

/** The dtype of a c10::ScalarType number; undefined for those this package does not use (complex, quantized). */
export const dtypeFromCode = (code: number): DType | undefined => byCode.get(code);

/** Whether tensors of this dtype can have gradients. */
export const isFloating = (dtype: DType): boolean =>
  dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16';
