import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readClassList } from './class-list.js';

const folder = mkdtempSync(join(tmpdir(), 'classes-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string): ReturnType<typeof readClassList> {
  writeFileSync(join(folder, 'classes.txt'), text);
  return readClassList(join(folder, 'classes.txt'));
}

describe('readClassList', () => {
  it('reads WordNet ids with words, ids and names with a tab between, and names alone', () => {
    expect(read('n01440764 tench, Tinca tinca\nn01443537 goldfish\n')).toEqual({
      ids: ['n01440764', 'n01443537'],
      names: ['tench, Tinca tinca', 'goldfish'],
    });
    expect(read('a\tlower a\r\nb\tlower b\r\n')).toEqual({ ids: ['a', 'b'], names: ['lower a', 'lower b'] });
    expect(read('Ankle boot\nBag')).toEqual({ ids: ['Ankle boot', 'Bag'], names: ['Ankle boot', 'Bag'] });
  });

  it('takes 65,535 classes and no more', () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `class ${i}`).join('\n');
    expect(read(names(65_535)).ids.length).toBe(65_535);
    expect(() => read(names(65_536))).toThrow('2 to 65535 classes, one a line; it has 65536 lines');
  });

  it('refuses a class named twice, and what is no list', () => {
    expect(() => read('cat\ndog\ncat')).toThrow('to name each class once; "cat" is there twice');
    expect(() => read('')).toThrow('it has 0 lines of text');
    expect(() => read(`\x00\x01\n${'x'.repeat(300)}`)).toThrow('or they are no names');
    expect(() => readClassList(join(folder, 'absent.txt'))).toThrow('there is no such file');
  });
});
