/** A libtorch tensor as a JavaScript value. Its operators (x.add(y), x.sum([0])) are installed by operators.ts. */
import { inspect } from 'node:util';
import type { Device } from './device.js';
import { type DType, dtypeFromCode, dtypes, type TypedArray, type TypedArrayOf } from './dtype.js';
import { TorchError } from './errors.js';
import type { HostTensor } from './host-tensor.js';
import { type Handle, native } from './native.js';
import type { TensorMethods } from './operators.generated.js';
import { release, track } from './scope.js';

export interface TensorOptions {
  readonly dtype?: DType | undefined;
  readonly device?: Device | undefined;
  readonly requiresGrad?: boolean | undefined;
}

export type NestedNumbers = number | boolean | readonly NestedNumbers[];

export interface Tensor extends TensorMethods<Tensor> {}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: operators.ts installs exactly the interface above.
export class Tensor implements Disposable {
  /** Slot number in the addon; 0 once freed. */
  handle: Handle;

  /** Wraps a handle that the addon returned and gives it to the current scope. */
  constructor(handle: Handle) {
    this.handle = handle;
    track(this);
  }

  get shape(): readonly number[] {
    return native.shape(handleOf(this));
  }

  get dtype(): DType {
    const code = native.dtype(handleOf(this));
    const dtype = dtypeFromCode(code);
    if (dtype === undefined)
      throw new TorchError('INVALID_ARGUMENT', `dtype: scalar type ${code} is not supported here.`);
    return dtype;
  }

  get device(): Device {
    return native.device(handleOf(this));
  }

  /** Size in bytes of the elements. */
  get nbytes(): number {
    return native.nbytes(handleOf(this));
  }

  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  get requiresGrad(): boolean {
    return native.requiresGrad(handleOf(this));
  }

  /** Asks autograd to record (or not) what is computed from this leaf tensor. Returns it. */
  requiresGrad_(on = true): this {
    native.setRequiresGrad(handleOf(this), on);
    return this;
  }

  /** True once freed, by dispose() or by the end of its scope. */
  get disposed(): boolean {
    return this.handle === 0;
  }

  /** The only element, as a number. */
  item(): number {
    return native.item(handleOf(this));
  }

  /** A copy of the elements in row-major order, in the typed array of the tensor's dtype (float16 and bfloat16: raw bits). */
  data(): TypedArray {
    return new dtypes[this.dtype].array(native.toBytes(handleOf(this)));
  }

  /** The elements as nested arrays of numbers. */
  tolist(): NestedNumbers {
    const { dtype } = this;
    const values = Array.from(
      dtype === 'float16' || dtype === 'bfloat16' ? this.to('float32').data() : this.data(),
      Number,
    );
    return nest(dtype === 'bool' ? values.map((value) => value === 1) : values, this.shape);
  }

  /** A copy in plain memory, as files hold it. */
  toHost(): HostTensor {
    return { dtype: this.dtype, shape: this.shape, bytes: new Uint8Array(native.toBytes(handleOf(this))) };
  }

  /** This tensor in another dtype, on another device, or both; itself where nothing changes. */
  to(target: DType | Device | { readonly dtype?: DType | undefined; readonly device?: Device | undefined }): Tensor {
    const options =
      typeof target !== 'string' ? target : target in dtypes ? { dtype: target as DType } : { device: target };
    return this._to(options);
  }

  dispose(): void {
    release(this);
  }

  [Symbol.dispose](): void {
    release(this);
  }

  toString(): string {
    return this.disposed ? 'Tensor(freed)' : `Tensor(${describeTensor(this)}${preview(this)})`;
  }
}

Object.defineProperty(Tensor.prototype, inspect.custom, { value: Tensor.prototype.toString });

/** The live handle of a tensor. @throws TorchError TENSOR_FREED */
export function handleOf(tensor: Tensor): Handle {
  if (tensor.handle !== 0) return tensor.handle;
  throw new TorchError(
    'TENSOR_FREED',
    'a tensor was used after it was freed. Return it from the scope it was made in, or keep() it.',
  );
}

/** `float32[3, 32, 32]`, for messages. */
export const describeTensor = (tensor: Tensor): string =>
  tensor.disposed ? 'a freed tensor' : `${tensor.dtype}[${tensor.shape.join(', ')}]`;

/**
 * A tensor from numbers (nested arrays give the shape) or from a typed array (flat, or of `shape`).
 * Numbers become float32 unless `dtype` says otherwise; a typed array keeps its own type.
 *
 * @throws TorchError INVALID_ARGUMENT for ragged nesting or a length that does not fit the shape.
 */
export function tensor(
  values: NestedNumbers | TypedArray,
  options: TensorOptions & { readonly shape?: readonly number[] } = {},
): Tensor {
  if (ArrayBuffer.isView(values)) return fromTypedArray(values, options);
  const shape = shapeOf(values);
  const flat = (Array.isArray(values) ? values.flat(shape.length as 1) : [values]) as (number | boolean)[];
  const { dtype = typeof flat[0] === 'boolean' ? 'bool' : 'float32' } = options;
  const size = shape.reduce((product, length) => product * length, 1);
  if (flat.length !== size || flat.some((value) => typeof value === 'object')) {
    throw new TorchError(
      'INVALID_ARGUMENT',
      `tensor: the nested arrays are ragged; expected ${size} numbers for shape [${shape.join(', ')}], received ${flat.length}.`,
    );
  }
  return fromTypedArray(pack(flat.map(Number), dtype), { ...options, dtype, shape: options.shape ?? shape });
}

/** A tensor from a file's contents. */
export const fromHost = (host: HostTensor, options: Omit<TensorOptions, 'dtype'> = {}): Tensor =>
  fromBytes(host.bytes, host.shape, host.dtype, options);

function fromTypedArray(
  values: TypedArray,
  { dtype = dtypeOf(values), shape = [values.length], ...rest }: TensorOptions & { readonly shape?: readonly number[] },
): Tensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return fromBytes(bytes, shape, dtype, rest);
}

function fromBytes(bytes: Uint8Array, shape: readonly number[], dtype: DType, options: TensorOptions): Tensor {
  const expected = shape.reduce((product, size) => product * size, 1) * dtypes[dtype].bytes;
  if (bytes.byteLength !== expected) {
    throw new TorchError(
      'INVALID_ARGUMENT',
      `tensor: ${dtype}[${shape.join(', ')}] needs ${expected} bytes, received ${bytes.byteLength}.`,
    );
  }
  const made = new Tensor(native.fromBytes(bytes, shape, dtypes[dtype].code, options.device ?? 'cpu'));
  return options.requiresGrad ? made.requiresGrad_() : made;
}

function dtypeOf(values: TypedArray): DType {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Float64Array) return 'float64';
  if (values instanceof BigInt64Array) return 'int64';
  if (values instanceof Int32Array) return 'int32';
  if (values instanceof Int16Array) return 'int16';
  if (values instanceof Int8Array) return 'int8';
  if (values instanceof Uint8Array) return 'uint8';
  throw new TorchError('INVALID_ARGUMENT', `tensor: a ${(values as object).constructor.name} needs an explicit dtype.`);
}

function pack(values: readonly number[], dtype: DType): TypedArray {
  if (dtype === 'int64') return BigInt64Array.from(values, (value) => BigInt(value));
  if (dtype === 'float16' || dtype === 'bfloat16') {
    throw new TorchError('INVALID_ARGUMENT', `tensor: make the tensor in float32 and convert it with .to('${dtype}').`);
  }
  return (dtypes[dtype].array as unknown as { from(values: readonly number[]): TypedArrayOf<DType> }).from(values);
}

const shapeOf = (values: NestedNumbers): number[] =>
  Array.isArray(values) ? [values.length, ...(values.length > 0 ? shapeOf(values[0] as NestedNumbers) : [])] : [];

function nest(values: readonly (number | boolean)[], shape: readonly number[]): NestedNumbers {
  if (shape.length === 0) return values[0] as number;
  const [length = 0, ...rest] = shape;
  const stride = rest.reduce((product, size) => product * size, 1);
  return Array.from({ length }, (_, i) => nest(values.slice(i * stride, (i + 1) * stride), rest));
}

const preview = (tensor: Tensor): string => (tensor.numel <= 10 ? ` ${JSON.stringify(tensor.tolist())}` : '');
