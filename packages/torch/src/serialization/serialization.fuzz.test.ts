/** Damaged files of every format: each must still parse or be refused with INVALID_FILE, and at once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TorchError } from '../errors.js';
import { reading } from './file-error.js';
import { unpickle } from './pickle.js';
import { findPlainGlobal } from './plain-globals.js';
import { parsePytorchCheckpoint } from './pytorch-checkpoint.js';
import { parseSafetensors } from './safetensors.js';

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(join(import.meta.dirname, 'fixtures', name)));

type Random = (below: number) => number;

/** mulberry32: the same damage on every run. */
const seeded = (seed: number): Random => {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
};

const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

const mutations: ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  function flipBits(bytes, random) {
    const mutated = bytes.slice();
    for (let i = random(8); i >= 0; i--) mutated[random(mutated.length)]! ^= 1 << random(8);
    return mutated;
  },
  function replaceBytes(bytes, random) {
    const mutated = bytes.slice();
    for (let i = random(4); i >= 0; i--) mutated[random(mutated.length)] = random(256);
    return mutated;
  },
  function truncate(bytes, random) {
    return bytes.slice(0, random(bytes.length));
  },
  function changeLengthField(bytes, random) {
    const mutated = bytes.slice();
    const width = [1, 2, 4, 8][random(4)]!;
    const view = new DataView(mutated.buffer);
    const at = random(mutated.length - width);
    const value = BigInt(extremes[random(extremes.length)]!) * (width === 8 && random(2) === 0 ? 2n ** 31n : 1n);
    for (let i = 0; i < width; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
    return mutated;
  },
  function splice(bytes, random) {
    const [from, length, to] = [random(bytes.length), random(200), random(bytes.length)];
    return Uint8Array.from([
      ...bytes.slice(0, to),
      ...bytes.slice(from, from + length),
      ...bytes.slice(to + random(200)),
    ]);
  },
  function changeDigit(bytes, random) {
    const mutated = bytes.slice();
    const digits = [...mutated.keys()].filter((at) => mutated[at]! >= 0x30 && mutated[at]! <= 0x39);
    for (let i = random(3); i >= 0; i--) mutated[digits[random(digits.length)]!] = 0x30 + random(10);
    return mutated;
  },
];

const pickles = Object.values(JSON.parse(new TextDecoder().decode(fixture('pickles.json'))) as Record<string, string>);

// Stored entries of an archive are guarded by their checksums; without them, damage reaches the pickle inside.
const withoutChecksums = (archive: Uint8Array): Uint8Array => {
  const stripped = Buffer.from(archive);
  for (let at = stripped.indexOf('PK\x01\x02'); at >= 0; at = stripped.indexOf('PK\x01\x02', at + 4))
    stripped.fill(0, at + 16, at + 20);
  return new Uint8Array(stripped);
};

const subjects: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
  ['safetensors', fixture('official.safetensors'), (bytes) => parseSafetensors(bytes, 'x')],
  ['PyTorch archives', fixture('archive.pth'), (bytes) => parsePytorchCheckpoint(bytes, 'x')],
  [
    'PyTorch archives without checksums',
    withoutChecksums(fixture('archive.pth')),
    (bytes) => parsePytorchCheckpoint(bytes, 'x'),
  ],
  ['PyTorch streams', fixture('stream.th'), (bytes) => parsePytorchCheckpoint(bytes, 'x')],
  ...pickles.map((pickle, protocol): [string, Uint8Array, (bytes: Uint8Array) => unknown] => [
    `pickles of protocol ${protocol}`,
    new Uint8Array(Buffer.from(pickle, 'base64')),
    (bytes) => reading('x', () => unpickle(bytes, { findGlobal: findPlainGlobal })),
  ]),
];

describe.each(subjects)('mutated %s', (_, original, parse) => {
  it('parse or are refused, and quickly', () => {
    const random = seeded(20_200_430);
    let refused = 0;
    let slowest = 0;
    const rounds = 1500;
    for (let round = 0; round < rounds; round++) {
      const mutated = mutations[round % mutations.length]!(original, random);
      const started = performance.now();
      try {
        parse(mutated);
      } catch (error) {
        if (!(error instanceof TorchError) || error.code !== 'INVALID_FILE') throw error;
        expect(error.message.length).toBeLessThan(600);
        refused++;
      }
      slowest = Math.max(slowest, performance.now() - started);
    }
    expect(refused).toBeGreaterThan(rounds / 5);
    expect(slowest).toBeLessThan(2000);
  });
});
