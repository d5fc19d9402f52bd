/** The IDX format of MNIST and its relatives: two zero bytes, a type byte, the rank, big-endian dimensions, the data. */
import { gunzipSync } from 'node:zlib';
import { EditableError } from '../errors.js';
import { readFileBytes } from './read-file.js';

export interface IdxArray {
  readonly dimensions: readonly number[];
  /** The elements in row-major order. */
  readonly data: Uint8Array;
}

const unsignedByte = 0x08;
const typeNames = new Map([
  [0x09, 'signed bytes'],
  [0x0b, 'shorts'],
  [0x0c, 'ints'],
  [0x0d, 'floats'],
  [0x0e, 'doubles'],
]);
// Far beyond any file of the MNIST family; a gzip bomb stops here.
const maxBytes = 2 ** 30;

/** Reads an IDX file of unsigned bytes, gzipped or not, of the given rank; throws `INVALID_FILE`. */
export function readIdx(path: string, { rank }: { rank: number }): IdxArray {
  return parseIdx(decompress(readFileBytes(path, { maxBytes }), path), { rank, path });
}

/** Parses the bytes of an IDX file; `path` is for the error. */
export function parseIdx(bytes: Uint8Array, { rank, path }: { rank: number; path: string }): IdxArray {
  const fail = (problem: string): never => {
    throw new EditableError('INVALID_FILE', `Expected ${path} to be an IDX file of ${rank} dimensions; ${problem}.`);
  };
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) fail(`it has ${bytes.length} bytes where the header alone takes ${headerBytes}`);
  if (bytes[0] !== 0 || bytes[1] !== 0) fail('its first two bytes are not zero, so it is another kind of file');
  if (bytes[2] !== unsignedByte) fail(`it holds ${typeNames.get(bytes[2]!) ?? 'an unknown type'}, not unsigned bytes`);
  if (bytes[3] !== rank) fail(`it has ${bytes[3]}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // As a product of doubles this is inexact beyond 2^53, and then still far larger than any file.
  const elements = dimensions.reduce((product, dimension) => product * dimension, 1);
  const present = bytes.length - headerBytes;
  if (elements === 0) fail(`it is empty (${dimensions.join('×')})`);
  if (elements !== present) fail(`its header promises ${dimensions.join('×')} bytes, and ${present} follow`);
  return { dimensions, data: new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, present) };
}

function decompress(bytes: Uint8Array, path: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    throw new EditableError(
      'INVALID_FILE',
      `Cannot decompress ${path}: ${(cause as Error).message}. It may be truncated.`,
      {
        cause,
      },
    );
  }
}
