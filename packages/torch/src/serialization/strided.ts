/** Row-major copies of strided views, as PyTorch's `contiguous()` makes them, and the bounds of such views. */

export interface StridedView {
  readonly shape: readonly number[];
  /** In elements, one a dimension, none negative. */
  readonly strides: readonly number[];
  /** Of the first element, in elements. */
  readonly offset: number;
}

// Zero first: sizes of a hostile file can overflow to infinity, which times zero is not a number.
export const elementCount = (shape: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((total, size) => total * size, 1);

/** One past the furthest element that a view reads; 0 when it reads none. */
export const reach = ({ shape, strides, offset }: StridedView): number =>
  elementCount(shape) === 0 ? 0 : shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, offset) + 1;

/** Whether the elements already lie in row-major order, one behind the other. */
export const isContiguous = ({ shape, strides }: StridedView): boolean => {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
};

/** Copies the elements of a view, each `elementBytes` (1, 2, 4 or 8) long, into row-major order. */
export const gather = (bytes: Uint8Array, elementBytes: number, view: StridedView): Uint8Array => {
  if (elementBytes === 8) return gather(bytes, 4, halves(view));
  const Words = elementBytes === 4 ? Uint32Array : elementBytes === 2 ? Uint16Array : Uint8Array;
  const aligned: Uint8Array = bytes.byteOffset % elementBytes === 0 ? bytes : new Uint8Array(bytes);
  const source = new Words(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    Math.floor(aligned.length / elementBytes),
  );
  const gathered = new Uint8Array(elementCount(view.shape) * elementBytes);
  copyRows(source, new Words(gathered.buffer), withRow(view));
  return gathered;
};

/** The same elements as pairs of half the size: 64-bit words have no fast typed array. */
const halves = ({ shape, strides, offset }: StridedView): StridedView => ({
  shape: [...shape, 2],
  strides: [...strides.map((stride) => stride * 2), 1],
  offset: offset * 2,
});

/** Every view has an innermost dimension to loop over, a scalar too. */
const withRow = (view: StridedView): StridedView =>
  view.shape.length > 0 ? view : { shape: [1], strides: [1], offset: view.offset };

type Words = Uint8Array | Uint16Array | Uint32Array;

const copyRows = (source: Words, target: Words, { shape, strides, offset }: StridedView): void => {
  const last = shape.length - 1;
  const [length, stride] = [shape[last]!, strides[last]!];
  const index = new Array<number>(last).fill(0);
  let start = offset;
  for (let written = 0; written < target.length; ) {
    for (let i = 0, at = start; i < length; i++, at += stride) target[written++] = source[at]!;
    for (let axis = last - 1; axis >= 0; axis--) {
      start += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      start -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
};
