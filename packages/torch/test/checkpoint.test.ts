import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSafetensors, loadStateDict, saveSafetensors, tensor, zeros } from '@editable/torch';
import { afterAll, describe, expect, it } from 'vitest';
import { fixturePath } from './fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('saveSafetensors', () => {
  it('writes what loadSafetensors reads back bit for bit, metadata too', () => {
    const path = join(folder, 'weights.safetensors');
    const tensors = new Map([
      [
        'a',
        tensor(
          [
            [0.1, Number.NaN],
            [3, -0],
          ],
          { dtype: 'float64' },
        ),
      ],
      ['b', tensor(new BigInt64Array([2n ** 62n]))],
      ['half', tensor([1.5, 2]).to('bfloat16')],
      [
        'transposed',
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]).t(),
      ],
      ['empty', zeros([0, 3])],
    ]);
    saveSafetensors(path, tensors, new Map([['commit', 'abc']]));
    const loaded = loadSafetensors(path);
    expect(Object.fromEntries(loaded.metadata)).toEqual({ commit: 'abc' });
    expect([...loaded.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, value] of tensors) expect(loaded.tensors.get(name)!.toHost(), name).toEqual(value.toHost());
  });

  it('leaves nothing behind where it cannot write', () => {
    const path = join(folder, 'absent', 'weights.safetensors');
    expect(() => saveSafetensors(path, new Map([['a', zeros([1])]]))).toThrow(/absent/);
    expect(existsSync(path)).toBe(false);
  });
});

describe('loadStateDict', () => {
  it('goes by what is in the file, not by its name', () => {
    const path = join(folder, 'weights.pth');
    saveSafetensors(path, new Map([['w', tensor([1, 2])]]));
    expect(loadStateDict(path).get('w')!.tolist()).toEqual([1, 2]);
  });

  it('reads the checkpoints that PyTorch writes, old and new', () => {
    const serialization = new URL('../src/serialization/fixtures/', import.meta.url).pathname;
    for (const name of ['archive.pth', 'stream.th']) {
      const tensors = loadStateDict(join(serialization, name));
      expect(tensors.size, name).toBeGreaterThan(0);
      expect([...tensors.values()].every((value) => value.device === 'cpu')).toBe(true);
    }
  });

  it('says in one sentence what is wrong with a file', () => {
    const path = join(folder, 'noise.pth');
    writeFileSync(path, 'not a checkpoint at all');
    expect(() => loadStateDict(path)).toThrow(/cannot read .*noise\.pth: /);
    expect(() => loadStateDict(join(folder, 'nothing'))).toThrow(/nothing/);
    expect(() => loadStateDict(folder)).toThrow(/folder/);
    expect(() => loadStateDict(fixturePath('schedules.json'))).toThrow(/cannot read/);
  });
});
