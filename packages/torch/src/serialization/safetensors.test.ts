import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HostTensors } from '../host-tensor.js';
import { encodeSafetensors, parseSafetensors, readSafetensors, writeSafetensors } from './safetensors.js';

const official = new Uint8Array(readFileSync(join(import.meta.dirname, 'fixtures', 'official.safetensors')));

const tensors: HostTensors = new Map([
  ['weight', { dtype: 'float32', shape: [1, 2], bytes: new Uint8Array(Float32Array.of(1, 2).buffer) }],
  ['count', { dtype: 'int64', shape: [], bytes: new Uint8Array(BigInt64Array.of(5n).buffer) }],
  ['__proto__', { dtype: 'bfloat16', shape: [0, 3], bytes: new Uint8Array() }],
  ['0', { dtype: 'bool', shape: [3], bytes: Uint8Array.of(1, 0, 1) }],
]);

/** A file with this header text and these many bytes of tensors. */
const fileOf = (header: string, dataLength: number): Uint8Array => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return new Uint8Array(Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataLength)]));
};

const fileWith = (entries: Record<string, unknown>, dataLength: number): Uint8Array =>
  fileOf(JSON.stringify(entries), dataLength);

const pair = (begin: number, end: number, dtype: unknown = 'U8', shape: unknown = [2]): unknown => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('parseSafetensors', () => {
  it('reads what the official writer wrote', () => {
    const { tensors: read, metadata } = parseSafetensors(official, 'official');
    expect([...metadata]).toEqual([['format', 'pt']]);
    expect(read.get('float32')).toEqual({
      dtype: 'float32',
      shape: [3],
      bytes: new Uint8Array(Float32Array.of(0, 1, 2).buffer),
    });
    expect(read.get('é')).toEqual({ dtype: 'int64', shape: [], bytes: Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0) });
    expect(read.get('empty')).toEqual({ dtype: 'float16', shape: [0, 3], bytes: new Uint8Array() });
    expect(read.get('bool')?.bytes).toEqual(Uint8Array.of(0, 1, 1));
    expect(read.size).toBe(12);
  });

  it('makes views, not copies', () => {
    const { tensors: read } = parseSafetensors(official, 'official');
    expect([...read.values()].every(({ bytes }) => bytes.buffer === official.buffer)).toBe(true);
  });

  it('takes names that mean something to JavaScript as plain names', () => {
    const { tensors: read } = parseSafetensors(encodeSafetensors(tensors), 'x');
    expect(read.get('__proto__')).toEqual({ dtype: 'bfloat16', shape: [0, 3], bytes: new Uint8Array() });
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  const bad: [string, Uint8Array, string][] = [
    ['an empty file', new Uint8Array(), 'at least 8 bytes'],
    [
      'a header length beyond the bound',
      Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255),
      'more than safetensors allows',
    ],
    ['a header that is cut', fileOf('{}', 0).subarray(0, 9), 'truncated'],
    ['a header that is not JSON', fileOf('{"a":', 0), 'not JSON'],
    ['a header that is not UTF-8', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff), 'not JSON'],
    ['a header that is an array', fileOf('[]', 0), 'not a JSON object'],
    ['a header that starts with a space', fileOf(' {}', 0), 'not a JSON object'],
    [
      'a name twice',
      fileOf(`{"a":${JSON.stringify(pair(0, 2))},"\\u0061":${JSON.stringify(pair(2, 4))}}`, 4),
      '"a" twice',
    ],
    ['an unknown dtype', fileWith({ a: pair(0, 2, 'F9') }, 2), 'has dtype "F9"; known are'],
    ['a dtype named like a method', fileWith({ a: pair(0, 2, 'constructor') }, 2), 'has dtype "constructor"'],
    ['a shape with a fraction', fileWith({ a: pair(0, 2, 'U8', [0.5]) }, 2), 'no shape of whole numbers'],
    ['a negative shape', fileWith({ a: pair(0, 2, 'U8', [-1, -2]) }, 2), 'no shape of whole numbers'],
    ['a shape that overflows', fileWith({ a: pair(0, 0, 'U8', [2 ** 40, 2 ** 40, 0]) }, 0), 'too large'],
    [
      'a size that does not match the shape',
      fileWith({ a: pair(0, 3) }, 3),
      'has 3 bytes where its shape and dtype need 2',
    ],
    ['offsets in the wrong order', fileWith({ a: pair(2, 0) }, 2), 'has -2 bytes'],
    ['a hole', fileWith({ a: pair(0, 2), b: pair(3, 5) }, 5), '"b" starts at byte 3 where 2 was expected'],
    ['an overlap', fileWith({ a: pair(0, 2), b: pair(1, 3) }, 3), '"b" starts at byte 1 where 2 was expected'],
    ['a late start', fileWith({ a: pair(1, 3) }, 3), '"a" starts at byte 1 where 0 was expected'],
    ['missing tensor bytes', fileWith({ a: pair(0, 2) }, 1), 'take 2 bytes and 1 are there; it is truncated'],
    ['trailing bytes', fileWith({ a: pair(0, 2) }, 3), 'take 2 bytes and 3 are there; something was added'],
    ['metadata that is no text', fileWith({ __metadata__: { a: 1 } }, 0), '"a" is not a string'],
    ['a tensor that is null', fileWith({ a: null }, 0), 'not described by a JSON object'],
    ['no offsets', fileWith({ a: { dtype: 'U8', shape: [0] } }, 0), 'no pair of data_offsets'],
  ];

  it.each(bad)('refuses %s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'm.safetensors')).toThrow(
      expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining(message) }),
    );
  });

  it('takes a header of many megabytes in its stride', () => {
    const name = 'x'.repeat(20_000_000);
    expect(parseSafetensors(fileWith({ [name]: pair(0, 2) }, 2), 'x').tensors.has(name)).toBe(true);
  });
});

describe('encodeSafetensors', () => {
  it('gives the very bytes of the official writer', () => {
    const { tensors: read, metadata } = parseSafetensors(official, 'official');
    expect(encodeSafetensors(new Map([...read].reverse()), metadata)).toEqual(official);
  });

  it('starts the tensors at a multiple of 8', () => {
    for (const name of ['a', 'ab', 'abc', 'é']) {
      const encoded = encodeSafetensors(new Map([[name, { dtype: 'uint8', shape: [1], bytes: Uint8Array.of(9) }]]));
      expect((encoded.length - 1) % 8).toBe(0);
    }
  });

  it('gives back tensors and metadata, whatever their order', () => {
    const metadata = new Map([
      ['b', 'é"\n'],
      ['0', '1'],
    ]);
    const encoded = encodeSafetensors(tensors, metadata);
    expect(encodeSafetensors(new Map([...tensors].reverse()), new Map([...metadata].reverse()))).toEqual(encoded);
    const read = parseSafetensors(encoded, 'x');
    expect(new Map(read.metadata)).toEqual(metadata);
    expect(new Map(read.tensors)).toEqual(new Map(tensors));
  });

  it('refuses bytes that do not fill the shape', () => {
    const short = new Map([['a', { dtype: 'float32', shape: [2], bytes: new Uint8Array(4) }]] as const);
    expect(() => encodeSafetensors(short)).toThrow('tensor "a" [2] of float32 needs 8 bytes, received 4');
  });
});

describe('writeSafetensors', () => {
  it('writes a file that readSafetensors reads', () => {
    const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
    try {
      const path = join(folder, 'model.safetensors');
      writeSafetensors(path, tensors, new Map([['seed', '1']]));
      expect(new Map(readSafetensors(path).tensors)).toEqual(new Map(tensors));
      expect(readSafetensors(path).metadata.get('seed')).toBe('1');
      expect(() => readSafetensors(join(folder, 'none'))).toThrow(`cannot read ${folder}/none: there is no such file`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
