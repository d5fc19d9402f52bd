/**
 * The tensors of a PyTorch pickle. They name storages that the container keeps elsewhere, so they are collected while
 * the pickle is read and get their bytes afterwards.
 */
import { type DType, dtypes } from '../dtype.js';
import type { HostTensor } from '../host-tensor.js';
import { allowance, MalformedFile, quoted } from './file-error.js';
import { PickleFunction, type PickleOptions } from './pickle.js';
import { findPlainGlobal } from './plain-globals.js';
import { elementCount, gather, isContiguous, reach, type StridedView } from './strided.js';

/** A block of elements that tensors share, as the pickle declares it. */
export interface Storage {
  readonly key: string;
  readonly dtype: DType;
  readonly elements: number;
}

/** A tensor of a checkpoint; it has no bytes before its storage is read. */
export class CheckpointTensor implements HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  bytes: Uint8Array = new Uint8Array();

  constructor(dtype: DType, shape: readonly number[]) {
    this.dtype = dtype;
    this.shape = shape;
  }
}

export class CheckpointTensors {
  /** Every storage that the pickle declares, by key. */
  readonly storages: Map<string, Storage> = new Map();
  private readonly pending: { tensor: CheckpointTensor; storage: StorageView; view: StridedView }[] = [];

  /** (storage, offset, shape, strides, …): what follows concerns training only. */
  private readonly rebuildTensor = new PickleFunction('torch._utils._rebuild_tensor', (args) => {
    const [storage, offset, shape, strides] = args;
    if (!(storage instanceof StorageView))
      throw new MalformedFile('it makes a tensor of something other than a storage');
    const view = { shape: asSizes(shape), strides: asSizes(strides), offset: asSize(offset) };
    if (view.shape.length !== view.strides.length)
      throw new MalformedFile('a tensor has not as many strides as dimensions');
    const tensor = new CheckpointTensor(storage.whole.dtype, view.shape);
    this.pending.push({ tensor, storage, view });
    return tensor;
  });

  /** For `unpickle`: its names and persistent ids stand for what is collected here. */
  get pickleOptions(): PickleOptions {
    return { findGlobal: (name) => this.findGlobal(name), persistentLoad: (id) => this.persistentLoad(id) };
  }

  /** Gives every tensor its bytes: a view of its storage's where they are row-major, else a copy. */
  fill(bytesOf: (storage: Storage) => Uint8Array, fileBytes: number): void {
    // A few bytes can declare an expanded view of any size; real files hardly grow.
    const spend = allowance(
      2 ** 26 + 4 * fileBytes,
      'its expanded tensors are far larger than the file; it is damaged',
    );
    for (const { tensor, storage, view } of this.pending) {
      const size = dtypes[tensor.dtype].bytes;
      const count = elementCount(tensor.shape);
      if (reach(view) > storage.elements || storage.offset + storage.elements > storage.whole.elements) {
        throw new MalformedFile(
          `a tensor [${tensor.shape}] reaches past the end of its storage ${quoted(storage.whole.key)}`,
        );
      }
      if (count === 0) continue;
      const bytes = bytesOf(storage.whole);
      const placed = { ...view, offset: view.offset + storage.offset };
      if (isContiguous(view)) {
        tensor.bytes = bytes.subarray(placed.offset * size, (placed.offset + count) * size);
      } else {
        spend(count * size);
        tensor.bytes = gather(bytes, size, placed);
      }
    }
  }

  private findGlobal(name: string): unknown {
    return name === 'torch._utils._rebuild_tensor' || name === 'torch._utils._rebuild_tensor_v2'
      ? this.rebuildTensor
      : (torchGlobals.get(name) ?? storageTypes.get(name) ?? findPlainGlobal(name));
  }

  /** ('storage', type, key, device, elements[, (key, offset, elements) of a part]). */
  private persistentLoad(id: unknown): StorageView {
    if (!Array.isArray(id) || id[0] !== 'storage' || !(id[1] instanceof StorageType)) {
      throw new MalformedFile('it refers to something outside its pickle that is not a tensor storage');
    }
    const storage = this.declare({ key: asKey(id[2]), dtype: id[1].dtype, elements: asSize(id[4]) });
    if (!Array.isArray(id[5])) return new StorageView(storage, 0, storage.elements);
    const [, offset, elements] = id[5].slice(0, 3).map((item, index) => (index === 0 ? 0 : asSize(item)));
    return new StorageView(storage, offset ?? 0, elements ?? 0);
  }

  private declare(storage: Storage): Storage {
    const known = this.storages.get(storage.key);
    if (known === undefined) this.storages.set(storage.key, storage);
    else if (known.dtype !== storage.dtype || known.elements !== storage.elements) {
      throw new MalformedFile(`its storage ${quoted(storage.key)} is declared in two ways`);
    }
    return known ?? storage;
  }
}

/** The stand-in for torch.FloatStorage and its kin. */
class StorageType {
  readonly dtype: DType;

  constructor(dtype: DType) {
    this.dtype = dtype;
  }
}

/** A storage, or the part of one that old files may refer to. */
class StorageView {
  readonly whole: Storage;
  readonly offset: number;
  readonly elements: number;

  constructor(whole: Storage, offset: number, elements: number) {
    this.whole = whole;
    this.offset = offset;
    this.elements = elements;
  }
}

const asSize = (value: unknown): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new MalformedFile('a size, stride or offset of a tensor is not a whole number');
};

// libtorch itself takes no tensor of more dimensions.
const mostDimensions = 64;

const asSizes = (value: unknown): number[] => {
  if (Array.isArray(value) && value.length <= mostDimensions) return value.map(asSize);
  throw new MalformedFile('the shape or strides of a tensor are not a tuple');
};

const asKey = (value: unknown): string => {
  if (typeof value === 'string') return value;
  throw new MalformedFile('the key of a tensor storage is not a text');
};

const storageTypes: ReadonlyMap<string, StorageType> = new Map(
  Object.entries<DType>({
    Double: 'float64',
    Float: 'float32',
    Half: 'float16',
    BFloat16: 'bfloat16',
    Long: 'int64',
    Int: 'int32',
    Short: 'int16',
    Char: 'int8',
    Byte: 'uint8',
    Bool: 'bool',
  }).flatMap(([name, dtype]) => {
    const type = new StorageType(dtype);
    return ['torch.', 'torch.cuda.'].map((module) => [`${module}${name}Storage`, type] as const);
  }),
);

const deviceName = (type: unknown, index: unknown): string =>
  typeof type !== 'string' ? 'cpu' : typeof index === 'number' ? `${type}:${index}` : type;

const firstArgument = (name: string): PickleFunction => new PickleFunction(name, ([value]) => value ?? null);

/** Parameters are their tensors, sizes are arrays, devices and dtypes texts. */
const torchGlobals: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...['torch._utils._rebuild_parameter', 'torch._utils._rebuild_parameter_with_state'].map(
    (name) => [name, firstArgument(name)] as const,
  ),
  ['torch.Size', new PickleFunction('torch.Size', ([sizes]) => sizes ?? [])],
  ['torch.device', new PickleFunction('torch.device', ([type, index]) => deviceName(type, index))],
  ['torch.serialization._get_layout', firstArgument('torch.serialization._get_layout')],
  ...Object.keys(dtypes).map((dtype) => [`torch.${dtype}`, `torch.${dtype}`] as const),
  ...['torch.strided', 'torch.contiguous_format', 'torch.channels_last'].map((name) => [name, name] as const),
]);
