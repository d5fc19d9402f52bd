import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { parseIdx, readIdx } from './idx.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-idx-'));
afterAll(() => rmSync(folder, { recursive: true }));

const twoImages = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40);

function written(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('parseIdx', () => {
  const parse = (bytes: Uint8Array, rank = 3) => parseIdx(bytes, { rank, path: 'some-file' });
  const changed = (at: number, ...values: number[]) => {
    const bytes = twoImages.slice();
    bytes.set(values, at);
    return bytes;
  };

  it('reads dimensions and data', () => {
    expect(parse(twoImages)).toEqual({ dimensions: [2, 1, 2], data: Uint8Array.of(10, 20, 30, 40) });
    expect(parse(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9), 1).data).toEqual(Uint8Array.of(7, 9));
  });

  it('says what is wrong with a file that is not whole', () => {
    expect(() => parse(twoImages.subarray(0, 19))).toThrow('header promises 2×1×2 bytes, and 3 follow');
    expect(() => parse(Uint8Array.of(...twoImages, 0))).toThrow('and 5 follow');
    expect(() => parse(twoImages.subarray(0, 10))).toThrow('it has 10 bytes where the header alone takes 16');
    expect(() => parse(new Uint8Array())).toThrow('it has 0 bytes');
  });

  it('says what is wrong with a foreign file', () => {
    expect(() => parse(changed(0, 0x50, 0x4b))).toThrow('another kind of file');
    expect(() => parse(changed(2, 0x0d))).toThrow('it holds floats, not unsigned bytes');
    expect(() => parse(changed(2, 0x55))).toThrow('an unknown type');
    expect(() => parse(changed(3, 1))).toThrow('IDX file of 3 dimensions; it has 1');
    expect(() => parse(changed(4, 0, 0, 0, 0))).toThrow('it is empty (0×1×2)');
  });

  it('is not fooled by dimensions whose product overflows', () => {
    expect(() => parse(changed(4, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))).toThrow('and 4 follow');
    expect(() => parse(changed(4, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 4))).toThrow('promises 2147483648×2×4');
  });
});

describe('readIdx', () => {
  it('reads a file as it is and gzipped', () => {
    const plain = readIdx(written('plain', twoImages), { rank: 3 });
    expect(readIdx(written('packed.gz', gzipSync(twoImages)), { rank: 3 })).toEqual(plain);
    expect([...plain.data]).toEqual([10, 20, 30, 40]);
  });

  it('says that a gzipped file is cut short, and where a path leads to no file', () => {
    const cut = written('cut.gz', gzipSync(twoImages).subarray(0, 20));
    expect(() => readIdx(cut, { rank: 3 })).toThrow(
      `Cannot decompress ${cut}: unexpected end of file. It may be truncated.`,
    );
    expect(() => readIdx(join(folder, 'absent'), { rank: 3 })).toThrow('there is no such file');
    expect(() => readIdx(folder, { rank: 3 })).toThrow('it is a folder');
  });
});
