/**
 * A state dict as `torch.save` writes it: a ZIP archive, stored without compression, of a pickle that names the tensors and of
 * a file of bytes for each. Read by `torch.load`, with `weights_only=True` too.
 */
import { crc32 } from 'node:zlib';
import type { DType, HostTensor, HostTensors } from '@editable/torch';
import { WorkspaceError } from '../errors.js';

/** PyTorch's storage class of each type that a network has. */
const storages: Partial<Readonly<Record<DType, string>>> = {
  float64: 'DoubleStorage',
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};

/** @throws WorkspaceError INVALID_ARGUMENT for a type that PyTorch's files do not have */
export function pytorchFile(tensors: HostTensors): Uint8Array {
  const all = [...tensors];
  const entries: [string, Uint8Array][] = [
    ['model/data.pkl', pickled(all)],
    ['model/byteorder', Buffer.from('little')],
    ...all.map(([, { bytes }], i): [string, Uint8Array] => [`model/data/${i}`, bytes]),
    ['model/version', Buffer.from('3\n')],
  ];
  return zipped(entries);
}

/** Protocol 2: an OrderedDict of `torch._utils._rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict())`. */
function pickled(tensors: readonly (readonly [string, HostTensor])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const op = (...bytes: number[]): void => void parts.push(Uint8Array.from(bytes));
  const global = (module: string, name: string): void => void parts.push(Buffer.from(`c${module}\n${name}\n`));
  const text = (value: string): void => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    parts.push(Buffer.from('X'), length, bytes);
  };
  const int = (value: number): void => {
    const bytes = Buffer.alloc(9);
    bytes.writeBigInt64LE(BigInt(value), 1);
    // LONG1 of eight bytes takes any size.
    parts.push(Buffer.from([0x8a, 8]), bytes.subarray(1));
  };
  const ints = (values: readonly number[]): void => {
    parts.push(Buffer.from('('));
    for (const each of values) int(each);
    parts.push(Buffer.from('t'));
  };
  const emptyOrderedDict = (): void => {
    global('collections', 'OrderedDict');
    parts.push(Buffer.from(')R'));
  };
  op(0x80, 2);
  emptyOrderedDict();
  parts.push(Buffer.from('('));
  for (const [i, [name, { dtype, shape }]] of tensors.entries()) {
    const storage = storages[dtype];
    if (storage === undefined)
      throw new WorkspaceError(
        'INVALID_ARGUMENT',
        `export: ${name} is ${dtype}, which a PyTorch file does not hold here.`,
      );
    const numbers = shape.reduce((product, each) => product * each, 1);
    text(name);
    global('torch._utils', '_rebuild_tensor_v2');
    parts.push(Buffer.from('(('));
    text('storage');
    global('torch', storage);
    text(String(i));
    text('cpu');
    int(numbers);
    // The tuple is looked up as a persistent identifier.
    parts.push(Buffer.from('tQ'));
    int(0);
    ints(shape);
    ints(stridesOf(shape));
    parts.push(Buffer.from([0x89]));
    emptyOrderedDict();
    parts.push(Buffer.from('tR'));
  }
  parts.push(Buffer.from('u.'));
  return Buffer.concat(parts);
}

const stridesOf = (shape: readonly number[]): number[] =>
  shape.map((_, i) => shape.slice(i + 1).reduce((product, each) => product * each, 1));

/** Bytes of tensors begin where a reader may map them. */
const alignment = 64;

function zipped(entries: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const add = (part: Uint8Array): void => {
    parts.push(part);
    at += part.length;
  };
  for (const [name, contents] of entries) {
    const start = at;
    const checksum = crc32(contents);
    const head = 30 + Buffer.byteLength(name);
    // An extra field of "FB", as PyTorch's own, fills up to the next boundary.
    const padding = (alignment - ((start + head + 4) % alignment)) % alignment;
    const extra = Buffer.alloc(4 + padding, 'Z');
    extra.write('FB', 0, 'latin1');
    extra.writeUInt16LE(padding, 2);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(checksum, 10);
    common.writeUInt32LE(contents.length, 14);
    common.writeUInt32LE(contents.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    common.writeUInt16LE(extra.length, 24);
    add(Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), extra]));
    add(contents);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(start, 10);
    const listed = Buffer.from(common);
    listed.writeUInt16LE(0, 24);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x00\x00', 'latin1'), listed, place, Buffer.from(name)]));
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(at, 16);
  if (at > 0xffffffff)
    throw new WorkspaceError(
      'INVALID_ARGUMENT',
      'export: expected at most 4 GiB for a PyTorch file; export safetensors.',
    );
  return Buffer.concat([...parts, listing, end]);
}
