import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TorchError } from '../errors.js';
import { readFileOrExplain, writeFileAtomically } from './atomic-file.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atomic-file-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const failure = (action: () => unknown): TorchError => {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(TorchError);
    return error as TorchError;
  }
  throw new Error('expected an error');
};

describe('writeFileAtomically', () => {
  it('writes texts, bytes and chunks', () => {
    const path = join(folder, 'file');
    writeFileAtomically(path, 'é');
    expect([...readFileSync(path)]).toEqual([0xc3, 0xa9]);
    writeFileAtomically(path, Uint8Array.of(1, 2));
    expect([...readFileSync(path)]).toEqual([1, 2]);
    writeFileAtomically(path, [Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)]);
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('keeps the old file when the chunks fail half-way, and passes their error on', () => {
    const path = join(folder, 'file');
    writeFileAtomically(path, 'old');
    const broken = function* (): Generator<Uint8Array> {
      yield Uint8Array.of(1);
      throw new RangeError('no more');
    };
    expect(() => writeFileAtomically(path, broken())).toThrow(new RangeError('no more'));
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('removes what a killed process left of the same file, and nothing that a living one writes', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const start = `.file.${hostname()}.`;
    const alive = `${start}${child.pid}.0.tmp`;
    // Process numbers stay below 2^22 on Linux: this one is nobody's.
    for (const name of [`${start}99999999.0.tmp`, alive, '.file.elsewhere.99999999.0.tmp', '.other.tmp'])
      writeFileSync(join(folder, name), 'a part');
    writeFileAtomically(join(folder, 'file'), 'whole');
    child.kill();
    await once(child, 'exit');
    expect(readdirSync(folder).sort()).toEqual([alive, '.file.elsewhere.99999999.0.tmp', '.other.tmp', 'file'].sort());
    writeFileAtomically(join(folder, 'file'), 'whole');
    expect(readdirSync(folder)).not.toContain(alive);
  });

  it('writes through a symbolic link and takes the longest legal name', () => {
    const target = join(folder, 'é'.repeat(127));
    writeFileAtomically(target, 'old');
    symlinkSync(target, join(folder, 'link'));
    writeFileAtomically(join(folder, 'link'), 'new');
    expect(readFileSync(target, 'utf8')).toBe('new');
  });

  it('says what to do where it cannot write', () => {
    writeFileSync(join(folder, 'file'), '');
    const cases: [string, string][] = [
      [join(folder, 'missing', 'x'), 'its folder does not exist; make the folder first'],
      [join(folder, 'file', 'x'), 'a part of its path is a file, not a folder; check the path'],
      [folder, 'it is a folder; name a file in it'],
      ['/dev/null', 'it is a device or a pipe; name a regular file'],
      [join(folder, 'x'.repeat(300)), 'its name is too long; choose a shorter one'],
    ];
    for (const [path, cause] of cases) {
      const error = failure(() => writeFileAtomically(path, 'text'));
      expect(error.code).toBe('INVALID_FILE');
      expect(error.message).toBe(`cannot write ${path}: ${cause}`);
    }
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.skipIf(process.getuid?.() === 0)('says that permission is denied', () => {
    chmodSync(folder, 0o500);
    const path = join(folder, 'x');
    expect(failure(() => writeFileAtomically(path, 'text')).message).toContain('permission is denied');
  });

  // A disk of our own, seen by the child process only.
  const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

  it.skipIf(!canMount)('leaves nothing behind on a full or read-only disk', async () => {
    const { build } = await import('vite');
    const entry = join(import.meta.dirname, 'atomic-file.ts');
    await build({ logLevel: 'silent', build: { ssr: entry, outDir: join(folder, 'built') } });
    const built = join(folder, 'built', readdirSync(join(folder, 'built'))[0]!);
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const child = join(folder, 'child.mjs');
    writeFileSync(
      child,
      `import { readdirSync, statSync } from 'node:fs';
       import { writeFileAtomically } from '${built}';
       const attempt = (size) => {
         try { writeFileAtomically('${disk}/x', new Uint8Array(size)); }
         catch (error) { return error.code + ' ' + error.message; }
       };
       const left = [attempt(4096), attempt(1e6), readdirSync('${disk}'), statSync('${disk}/x').size];
       console.log(JSON.stringify(left));`,
    );
    const runOn = (mount: string): unknown =>
      JSON.parse(
        execFileSync('unshare', ['-rm', 'sh', '-c', `${mount} && exec "${process.execPath}" "${child}"`], {
          encoding: 'utf8',
        }),
      );
    const tmpfs = `mount -t tmpfs -o size=64k tmpfs "${disk}"`;
    const full = `INVALID_FILE cannot write ${disk}/x: the disk is full; free some space and run again`;
    expect(runOn(tmpfs)).toEqual([null, full, ['x'], 4096]);
    const readOnly = `INVALID_FILE cannot write ${disk}/x: the disk is read-only; choose another place`;
    expect(runOn(`${tmpfs} && printf 123 > "${disk}/x" && mount -o remount,ro "${disk}"`)).toEqual([
      readOnly,
      readOnly,
      ['x'],
      3,
    ]);
  });
});

describe('readFileOrExplain', () => {
  it('reads the whole file', () => {
    const path = join(folder, 'file');
    writeFileSync(path, Buffer.alloc(100_000, 7));
    const bytes = readFileOrExplain(path);
    expect(bytes.length).toBe(100_000);
    expect(bytes.every((byte) => byte === 7)).toBe(true);
  });

  it('says what to do where it cannot read', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const cases: [string, string][] = [
      [join(folder, 'missing'), 'there is no such file or folder; check the path'],
      [folder, 'it is a folder; name a file'],
      [pipe, 'it is a device or a pipe; name a regular file'],
      ['/dev/zero', 'it is a device or a pipe; name a regular file'],
    ];
    for (const [path, cause] of cases) {
      const error = failure(() => readFileOrExplain(path));
      expect(error.code).toBe('INVALID_FILE');
      expect(error.message).toBe(`cannot read ${path}: ${cause}`);
    }
  });
});
