import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readManifest } from './manifest.js';

const folder = mkdtempSync(join(tmpdir(), 'manifest-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string, name = 'manifest.csv') {
  writeFileSync(join(folder, name), text);
  return readManifest(join(folder, name));
}

describe('readManifest', () => {
  it('reads commas, quotes and line breaks in quotes, and names the line where each row begins', () => {
    expect(read('\ufeffpath,label\r\n"a, b.jpg","say ""ant"""\r\n"two\r\nlines.jpg",bee\r\n\r\nlast.jpg,cat')).toEqual([
      { path: 'a, b.jpg', label: 'say "ant"', split: 'test', line: 2 },
      { path: 'two\nlines.jpg', label: 'bee', split: 'test', line: 3 },
      { path: 'last.jpg', label: 'cat', split: 'test', line: 6 },
    ]);
  });

  it('takes columns in any order and leaves others aside', () => {
    expect(read('Split,size,Label,Path\ntrain,7,ant,1.jpg\n,,bee,2.jpg\n')).toEqual([
      { path: '1.jpg', label: 'ant', split: 'train', line: 2 },
      { path: '2.jpg', label: 'bee', split: 'test', line: 3 },
    ]);
  });

  it('refuses in one sentence a quote that is never closed, a quote amid a field, and a row without a label', () => {
    expect(() => read('path,label\n1.jpg,a\n"2.jpg,b\n3.jpg,c\n')).toThrow(
      /manifest\.csv, line \d: expected CSV .*; a quote is opened here and never closed\.$/,
    );
    expect(() => read('path,label\n1.jpg,a "b"\n')).toThrow(/manifest\.csv, line 2: expected CSV .* in quotes; /);
    expect(() => read('path,label\n"1\n.jpg",a\n2.jpg\n')).toThrow('line 4: expected a path, a label and a split');
    expect(() => read('')).toThrow('line 1: expected the heading path,label,split, received ""');
  });

  it('reads JSON lines, and names one that is none', () => {
    expect(read('{"path": "1.jpg", "label": 3}\n', 'manifest.jsonl')).toEqual([
      { path: '1.jpg', label: '3', split: 'test', line: 1 },
    ]);
    expect(() => read('{"path": "1.jpg", "label": 3}\n\n{"path"', 'manifest.jsonl')).toThrow('manifest.jsonl, line 3');
  });
});
