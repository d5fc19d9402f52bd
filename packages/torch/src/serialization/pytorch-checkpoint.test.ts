import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { HostTensor, HostTensors } from '../host-tensor.js';
import { parsePytorchCheckpoint, readStateDict } from './pytorch-checkpoint.js';

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(fixture(name)));

const expected = new Map(
  Object.entries(
    JSON.parse(readFileSync(fixture('expected.json'), 'utf8')) as Record<string, HostTensor & { bytes: string }>,
  ).map(([name, { dtype, shape, bytes }]) => [
    name,
    { dtype, shape, bytes: new Uint8Array(Buffer.from(bytes, 'hex')) },
  ]),
);

/** An archive that holds this pickle and these storages. */
const archive = (pickle: string, storages: Record<string, Uint8Array> = {}, level: 0 | 9 = 0): Uint8Array => {
  const files: Zippable = { 'm/data.pkl': Buffer.from(pickle, 'latin1') };
  for (const [key, bytes] of Object.entries(storages)) files[`m/data/${key}`] = bytes;
  return zipSync(files, { level });
};

/** A pickled float tensor: its storage's key and elements, its offset, shape and strides. */
const tensorPickle = (key: string, elements: number, offset: number, shape: number[], strides: number[]): string => {
  const integer = (value: number): string => `I${value}\n`;
  const tuple = (items: number[]): string => `(${items.map(integer).join('')}t`;
  const storage = `(S'storage'\nctorch\nFloatStorage\nS'${key}'\nS'cpu'\n${integer(elements)}tQ`;
  return `ctorch._utils\n_rebuild_tensor\n(${storage}${integer(offset)}${tuple(shape)}${tuple(strides)}tR`;
};

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('parsePytorchCheckpoint', () => {
  it.each(['archive.pth', 'stream.th'])('reads everything in %s as PyTorch does', (name) => {
    const tree = parsePytorchCheckpoint(bytesOf(name), name) as ReadonlyMap<string, unknown>;
    const state = tree.get('state_dict') as HostTensors;
    expect([...tree.keys()]).toEqual(['epoch', 'best', 'large', 'state_dict', 'optimizer', 'dtype']);
    expect(tree.get('epoch')).toBe(3);
    expect(tree.get('best')).toBe(91.25);
    expect(tree.get('large')).toBe(2n ** 70n);
    expect(tree.get('dtype')).toBe('torch.float32');
    const optimizer = tree.get('optimizer') as ReadonlyMap<string, unknown>;
    expect(optimizer.get('shape')).toEqual([2, 3]);
    expect((optimizer.get('param_groups') as unknown[])[0]).toEqual(
      new Map<string, unknown>([
        ['lr', 0.1],
        ['betas', [0.9, 0.999]],
        ['params', [0, 1]],
      ]),
    );
    expect([...state.keys()]).toEqual([...expected.keys()].map((key) => `module.${key}`));
    for (const [key, tensor] of expected) expect({ key, ...state.get(`module.${key}`) }).toEqual({ key, ...tensor });
  });

  it('makes views of the file where the elements are row-major', () => {
    const bytes = bytesOf('archive.pth');
    const tree = parsePytorchCheckpoint(bytes, 'x') as ReadonlyMap<string, HostTensors>;
    expect(tree.get('state_dict')!.get('module.base')!.bytes.buffer).toBe(bytes.buffer);
  });

  it('reads an archive that was packed again with compression', () => {
    const packed = archive(`${tensorPickle('0', 4, 1, [3], [1])}.`, { 0: floats(1, 2, 3, 4) }, 9);
    expect(parsePytorchCheckpoint(packed, 'x')).toEqual({ dtype: 'float32', shape: [3], bytes: floats(2, 3, 4) });
  });

  const bad: [string, Uint8Array, string][] = [
    ['an empty file', new Uint8Array(), 'it is empty'],
    ['another kind of file', new Uint8Array(Buffer.from('<!DOCTYPE html>')), 'not a PyTorch checkpoint'],
    ['a safetensors file', bytesOf('official.safetensors'), 'looks like a safetensors file'],
    [
      'a TorchScript program',
      bytesOf('script.pt'),
      'TorchScript program, not a checkpoint of tensors; import it as TorchScript',
    ],
    [
      'a whole pickled module',
      bytesOf('module.pth'),
      "Python's torch.nn.modules.linear.Linear, which is not on the list",
    ],
    ['another ZIP archive', zipSync({ 'a.txt': Uint8Array.of(1) }), 'no data.pkl'],
    ['a plain pickle', Uint8Array.of(0x80, 2, 0x4b, 1, 0x2e), 'not one that torch.save wrote'],
    ['a cut archive', bytesOf('archive.pth').subarray(0, -30), 'truncated'],
    ['a cut stream', bytesOf('stream.th').subarray(0, -1), 'truncated'],
    [
      'a big-endian file',
      zipSync({ 'm/data.pkl': Buffer.from('N.'), 'm/byteorder': Buffer.from('big') }),
      'not little-endian',
    ],
    ['a missing storage', archive(`${tensorPickle('7', 1, 0, [1], [1])}.`), 'no entry "m/data/7"'],
    [
      'a short storage',
      archive(`${tensorPickle('0', 2, 0, [2], [1])}.`, { 0: floats(1) }),
      '4 bytes where 8 were declared',
    ],
    [
      'a view past the end',
      archive(`${tensorPickle('0', 2, 1, [2], [1])}.`, { 0: floats(1, 2) }),
      'past the end of its storage',
    ],
    [
      'strides past the end',
      archive(`${tensorPickle('0', 2, 0, [2], [2])}.`, { 0: floats(1, 2) }),
      'past the end of its storage',
    ],
    ['a negative stride', archive(`${tensorPickle('0', 2, 1, [2], [-1])}.`, { 0: floats(1, 2) }), 'not a whole number'],
    ['too few strides', archive(`${tensorPickle('0', 2, 0, [2], [])}.`, { 0: floats(1, 2) }), 'not as many strides'],
    [
      'an enormous expanded view',
      archive(`${tensorPickle('0', 1, 0, [1e15, 1e15], [0, 0])}.`, { 0: floats(1) }),
      'far larger than the file',
    ],
    ['very deep nesting', archive(`N${'\x85'.repeat(100_000)}.`), 'more than 1000 deep'],
    ['a bare storage type', archive('ctorch\nFloatStorage\n.'), 'a function, a type or a storage'],
  ];

  it.each(bad)('refuses %s', (_, bytes, message) => {
    expect(() => parsePytorchCheckpoint(bytes, 'm.pth')).toThrow(
      expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining(message) }),
    );
  });

  it('notices a changed bit in a weight', () => {
    const bytes = bytesOf('archive.pth');
    const at = Buffer.from(bytes).indexOf(floats(22, 23));
    bytes[at] = bytes[at]! ^ 1;
    expect(() => parsePytorchCheckpoint(bytes, 'm.pth')).toThrow('does not match its checksum');
  });

  it('lets a dictionary contain itself', () => {
    const tree = parsePytorchCheckpoint(archive("}q\x00S'self'\nh\x00s."), 'x') as Map<string, unknown>;
    expect(tree.get('self')).toBe(tree);
  });
});

describe('readStateDict', () => {
  const stateDictOf = (pickle: string): HostTensors => {
    const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
    try {
      writeFileSync(join(folder, 'm.pth'), archive(pickle, { 0: floats(1, 2) }));
      return readStateDict(join(folder, 'm.pth'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const tensor = tensorPickle('0', 2, 0, [2], [1]);

  it('finds the nested dictionary and strips the common prefix', () => {
    const state = readStateDict(fixture('archive.pth'));
    expect([...state.keys()]).toEqual([...expected.keys()]);
    expect(state.get('transposed')).toEqual(expected.get('transposed'));
  });

  it('takes the whole file, or the usual keys, and leaves out what is no tensor', () => {
    const direct = `}(S'a'\n${tensor}S'version'\nI1\nu`;
    expect([...stateDictOf(`${direct}.`).keys()]).toEqual(['a']);
    for (const key of ['state_dict', 'model', 'net', 'model_state_dict']) {
      expect([...stateDictOf(`}(S'best'\n${tensor}S'${key}'\n${direct}u.`).keys()]).toEqual(['a']);
    }
    expect([...stateDictOf(`}S'model'\n}S'state_dict'\n${direct}ss.`).keys()]).toEqual(['a']);
  });

  it('keeps a prefix that not every name has', () => {
    expect([...stateDictOf(`}(S'module.a'\n${tensor}S'b'\n${tensor}u.`).keys()]).toEqual(['module.a', 'b']);
  });

  it('says what it found where there is no state dict', () => {
    expect(() => stateDictOf("}S'weights'\nI1\ns.")).toThrow('found a dictionary with the keys "weights"');
    expect(() => stateDictOf('I1\n.')).toThrow('found something else');
  });

  const data = join(
    process.env.EDITABLE_DATA ?? join(import.meta.dirname, '../../../../../shared/data'),
    'cifar10-resnet',
  );

  // The digests are PyTorch's: sha256 over "name dtype shape;" and the elements of each tensor in order.
  it.skipIf(!existsSync(data)).each([
    ['resnet20-12fca82f.th', 97, '3237998e2cbb15bbde1b687dad3d7fbb3e45b3116e42b722ca214cdf39a643b7'],
    ['resnet56-4bfd9763.th', 277, '53fbd73fbb546b3b0d893dd8db0e5216c7f89f55f4817b3e78e1b995623570dc'],
  ])('reads %s of 2018 bit for bit (skipped where the data is absent)', (name, count, digest) => {
    const state = readStateDict(join(data, name));
    const hash = createHash('sha256');
    for (const [key, { dtype, shape, bytes }] of state)
      hash.update(`${key} ${dtype} ${shape.join(',')};`).update(bytes);
    expect(state.size).toBe(count);
    expect(hash.digest('hex')).toBe(digest);
  });
});
