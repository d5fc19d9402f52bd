/** The safetensors format: an 8-byte header length, a JSON header, then the tensors' bytes without holes. */
import { type DType, dtypes } from '../dtype.js';
import { TorchError } from '../errors.js';
import type { HostTensor, HostTensors } from '../host-tensor.js';
import { readFileOrExplain, writeFileAtomically } from './atomic-file.js';
import { duplicateKey } from './duplicate-keys.js';
import { MalformedFile, quoted, reading } from './file-error.js';

export interface SafetensorsFile {
  /** In the order of their bytes; each tensor's bytes are a view of the file's. */
  readonly tensors: HostTensors;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Reads a safetensors file; throws `TorchError` INVALID_FILE when it is missing, truncated or malformed. */
export const readSafetensors = (path: string): SafetensorsFile => parseSafetensors(readFileOrExplain(path), path);

/** Writes tensors to a safetensors file, whole or not at all; the same tensors and metadata give the same bytes. */
export const writeSafetensors = (
  path: string,
  tensors: HostTensors,
  metadata: ReadonlyMap<string, string> = new Map(),
): void => writeFileAtomically(path, safetensorsChunks(tensors, metadata));

/** The bytes of a safetensors file: tensors by falling element size, then name, as the official writer orders them. */
export const encodeSafetensors = (
  tensors: HostTensors,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array => {
  const encoded = Buffer.concat(safetensorsChunks(tensors, metadata));
  return new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.length);
};

/** Parses the bytes of a safetensors file as strictly as the official reader; `source` names it in errors. */
export const parseSafetensors = (bytes: Uint8Array, source: string): SafetensorsFile =>
  reading(source, () => {
    const { header, data } = split(bytes);
    const fields = new Map(Object.entries(parseHeader(header)));
    const metadata = parseMetadata(fields.get('__metadata__'));
    fields.delete('__metadata__');
    const placed = [...fields]
      .map(([name, info]) => parseEntry(name, info))
      .sort((a, b) => a.begin - b.begin || a.end - b.end);
    requireGapless(placed, data.length);
    const tensors = new Map(
      placed.map(({ name, dtype, shape, begin, end }) => [name, { dtype, shape, bytes: data.subarray(begin, end) }]),
    );
    return { tensors, metadata };
  });

/** In the order of the official enumeration, last first: how the official writer sorts tensors. */
const codes = [
  ['I64', 'int64'],
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['I32', 'int32'],
  ['BF16', 'bfloat16'],
  ['F16', 'float16'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
] as const satisfies readonly (readonly [string, DType])[];

const dtypeOfCode: ReadonlyMap<unknown, DType> = new Map(codes);
const codeOfDtype: ReadonlyMap<DType, string> = new Map(codes.map(([code, dtype]) => [dtype, code]));
const rankOfDtype: ReadonlyMap<DType, number> = new Map(codes.map(([, dtype], rank) => [dtype, rank]));

const largestHeader = 100_000_000;

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const split = (bytes: Uint8Array): { header: Uint8Array; data: Uint8Array } => {
  if (bytes.length < 8)
    throw new MalformedFile(`a safetensors file has at least 8 bytes, this one has ${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > largestHeader) {
    throw new MalformedFile(
      `its header claims ${length} bytes, more than safetensors allows; it is another kind of file`,
    );
  }
  const start = 8 + Number(length);
  if (start > bytes.length) {
    throw new MalformedFile(`its header claims ${length} bytes and only ${bytes.length - 8} follow; it is truncated`);
  }
  return { header: bytes.subarray(8, start), data: bytes.subarray(start) };
};

const parseHeader = (header: Uint8Array): object => {
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    parsed = JSON.parse(text);
  } catch {
    throw new MalformedFile('its header is not JSON; it is damaged or another kind of file');
  }
  if (!isObject(parsed) || !text.startsWith('{')) throw new MalformedFile('its header is not a JSON object');
  const repeated = duplicateKey(text);
  if (repeated !== undefined) throw new MalformedFile(`its header has the key ${quoted(repeated)} twice`);
  return parsed;
};

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parseMetadata = (metadata: unknown): Map<string, string> => {
  if (metadata === undefined) return new Map();
  if (!isObject(metadata)) throw new MalformedFile('its __metadata__ is not a JSON object');
  return new Map(
    Object.entries(metadata).map(([key, value]: [string, unknown]) => {
      if (typeof value !== 'string') throw new MalformedFile(`its __metadata__ ${quoted(key)} is not a string`);
      return [key, value];
    }),
  );
};

const parseEntry = (name: string, info: unknown): Entry => {
  const fail = (problem: string): never => {
    throw new MalformedFile(`tensor ${quoted(name)} ${problem}`);
  };
  if (!isObject(info)) return fail('is not described by a JSON object');
  const { dtype: code, shape, data_offsets: offsets } = info as Record<string, unknown>;
  const dtype =
    dtypeOfCode.get(code) ?? fail(`has dtype ${quoted(code)}; known are ${[...dtypeOfCode.keys()].join(', ')}`);
  if (!isSizes(shape)) return fail('has no shape of whole numbers');
  if (!isSizes(offsets) || offsets.length !== 2) return fail('has no pair of data_offsets');
  const [begin, end] = offsets as [number, number];
  const expected = byteLength(dtype, shape);
  if (end - begin !== expected) return fail(`has ${end - begin} bytes where its shape and dtype need ${expected}`);
  return { name, dtype, shape, begin, end };
};

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

/** Every partial product is checked, as the official reader does: [2^60, 2^60, 0] is refused. */
const byteLength = (dtype: DType, shape: readonly number[]): number =>
  shape.reduce((total, size) => {
    if (!Number.isSafeInteger(total * size)) throw new MalformedFile(`shape [${shape.slice(0, 8)}] is too large`);
    return total * size;
  }, dtypes[dtype].bytes);

const requireGapless = (placed: readonly Entry[], length: number): void => {
  let next = 0;
  for (const { name, begin, end } of placed) {
    if (begin !== next) {
      throw new MalformedFile(`tensor ${quoted(name)} starts at byte ${begin} where ${next} was expected`);
    }
    next = end;
  }
  if (next === length) return;
  const cause = next > length ? 'it is truncated' : 'something was added to it';
  throw new MalformedFile(`its tensors take ${next} bytes and ${length} are there; ${cause}`);
};

const safetensorsChunks = (tensors: HostTensors, metadata: ReadonlyMap<string, string>): Uint8Array[] => {
  const ordered = [...tensors].map(([name, tensor]) => checked(name, tensor)).sort(officialOrder);
  let offset = 0;
  const entries = ordered.map(([name, { dtype, shape, bytes }]) => {
    const begin = offset;
    offset += bytes.length;
    const info = { dtype: codeOfDtype.get(dtype), shape, data_offsets: [begin, offset] };
    return `${JSON.stringify(name)}:${JSON.stringify(info)}`;
  });
  if (metadata.size > 0) entries.unshift(`"__metadata__":${encodeMetadata(metadata)}`);
  return [encodeHeader(`{${entries.join(',')}}`), ...ordered.map(([, { bytes }]) => bytes)];
};

const checked = (name: string, tensor: HostTensor): readonly [string, HostTensor] => {
  const fail = (problem: string): never => {
    throw new TorchError('INVALID_ARGUMENT', `encodeSafetensors: tensor ${quoted(name)} ${problem}`);
  };
  if (name === '__metadata__') return fail('has a name that the format keeps for itself; rename it');
  const expected = tensor.shape.reduce((total, size) => total * size, dtypes[tensor.dtype].bytes);
  if (tensor.bytes.length === expected) return [name, tensor];
  return fail(`[${tensor.shape}] of ${tensor.dtype} needs ${expected} bytes, received ${tensor.bytes.length}`);
};

const officialOrder = ([a, x]: readonly [string, HostTensor], [b, y]: readonly [string, HostTensor]): number =>
  rankOfDtype.get(x.dtype)! - rankOfDtype.get(y.dtype)! || Buffer.compare(Buffer.from(a), Buffer.from(b));

// Not through an object: it would move keys like "0" to the front.
const encodeMetadata = (metadata: ReadonlyMap<string, string>): string => {
  const keys = [...metadata.keys()].sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata.get(key))}`).join(',')}}`;
};

/** The length, then the JSON, padded with spaces so that the tensors start at a multiple of 8. */
const encodeHeader = (json: string): Uint8Array => {
  const length = Math.ceil(Buffer.byteLength(json) / 8) * 8;
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  header.write(json, 8);
  return header;
};
