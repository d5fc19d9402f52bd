/** Damaged and foreign TorchScript files, in a process of their own: each runs, or is refused with a TorchError. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadScriptModule, ones, tensor } from '@editable/torch';
import { type RandomStream, stream } from 'editable';
import { afterAll, describe, expect, it } from 'vitest';
import { compileProgram, runProgram } from '../../packages/torch/test/programs/program.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-scripts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const tiny = fixture('tiny.pt');
const original = readFileSync(tiny);

/** Cuts, lengthens, overwrites or flips; half of the time in the archive's tables, which no checksum guards. */
function mutated(random: RandomStream): Uint8Array {
  let bytes = Uint8Array.from(original);
  const tables = original.indexOf('PK\x01\x02');
  for (let times = 1 + random.int(4); times > 0 && bytes.length > 0; times--) {
    const at = random.int(2) === 0 ? random.int(bytes.length) : Math.min(bytes.length - 1, tables + random.int(800));
    const kind = random.int(12);
    if (kind === 0) bytes = bytes.slice(0, at);
    else if (kind === 1) bytes = Uint8Array.of(...bytes, ...bytes.subarray(0, at));
    else if (kind < 7) bytes[at] = random.int(256);
    else bytes[at]! ^= 1 << random.int(8);
  }
  return bytes;
}

const file = (name: string, contents: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
};

interface Failure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

describe('loadScriptModule', () => {
  it('runs a small module', () => {
    const model = loadScriptModule(tiny);
    expect([...model.parameters.keys(), ...model.buffers.keys()]).toEqual(['fc.weight', 'fc.bias', 'scale']);
    expect(model.call(tensor([[3, 4]])).output.tolist()).toEqual([[286]]);
    expect(model.call(tensor([[3, 4]]), { to: 0 }).output.tolist()).toEqual([[3, 4]]);
  });

  it('says in one sentence that a module returns something else than a tensor', () => {
    expect(() => loadScriptModule(fixture('tuple.pt')).call(ones([1, 2]))).toThrow(
      /^the TorchScript forward failed on float32\[1, 2\]: .*returns Tuple; only modules that return one Tensor/,
    );
  });

  const torchFixture = (name: string): Uint8Array =>
    readFileSync(fileURLToPath(new URL(`../../packages/torch/src/serialization/fixtures/${name}`, import.meta.url)));
  const badChecksum = Uint8Array.from(original);
  badChecksum[original.indexOf('tiny/data.pkl') + 200]! ^= 1;

  it.each([
    ['nothing', file('empty.pt', ''), 'it is not a TorchScript file'],
    ['text', file('text.pt', 'hello'), 'it is not a TorchScript file'],
    ['half of one', file('half.pt', original.subarray(0, 1700)), 'it is truncated'],
    ['all but its last byte', file('most.pt', original.subarray(0, -1)), 'it is truncated'],
    ['one with a changed bit', file('bit.pt', badChecksum), 'does not match its checksum; it is damaged'],
    ['a checkpoint', file('archive.pth', torchFixture('archive.pth')), 'it is a checkpoint of tensors'],
    ['safetensors', file('x.safetensors', torchFixture('official.safetensors')), 'it is not a TorchScript file'],
    ['a folder', folder, 'it is a folder'],
    ['no file', join(folder, 'absent.pt'), 'there is no such file'],
  ])('refuses %s in one sentence', (_, path, message) => {
    const load = (): unknown => loadScriptModule(path);
    expect(load).toThrow(expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining(message) }));
    expect(load).toThrow(/^[^\n]+$/);
  });

  it('survives 1,000 mutated files', async () => {
    const program = await compileProgram('load-scripts');
    mkdirSync(join(folder, 'mutated'));
    const files = Array.from({ length: 1000 }, (_, i) => file(`mutated/${i}.pt`, mutated(stream(i, 'script'))));
    const { status, signal, stdout, stderr } = await runProgram(program, files);
    const lines = stdout.trim().split('\n');
    expect([status, signal], `${lines.at(-1)} ${stderr.slice(-500)}`).toEqual([0, null]);
    expect(lines.length).toBe(2 * files.length);
    const outcomes = lines.filter((_, i) => i % 2 === 1);
    const failures = outcomes.filter((each) => each !== 'ran').map((each) => JSON.parse(each) as Failure);
    expect(outcomes.length - failures.length).toBeGreaterThan(20);
    expect(failures.length).toBeGreaterThan(500);
    for (const { name, message } of failures) {
      expect(name, message).toBe('TorchError');
      expect(message).toMatch(/^[^\n]*[^\s:]$/);
    }
  });
});
