import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { subset } from './image-dataset.js';
import { loadDataset } from './load-dataset.js';
import { type PhotographsOptions, photographs } from './photographs.js';
import { splitHash } from './split-hash.js';

const root = mkdtempSync(join(tmpdir(), 'photographs-'));
const { XDG_CACHE_HOME: cacheBefore } = process.env;
const options: PhotographsOptions = { preprocessing: { resize: 4, crop: 4 } };
const classes = join(root, 'classes.txt');
let jpeg: Buffer;
let folder = '';
let folders = 0;

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(root, 'cache');
  writeFileSync(classes, 'n00000001 ant\nn00000002 bee, honeybee\nn00000003 cat\n');
  jpeg = await picture(200);
});

beforeEach(() => {
  folder = join(root, `folder-${folders++}`);
  mkdirSync(folder);
});

afterAll(() => {
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cacheBefore;
  rmSync(root, { recursive: true });
});

/** 8 × 6, of one grey. */
const picture = (grey: number): Promise<Buffer> =>
  sharp({ create: { width: 8, height: 6, channels: 3, background: { r: grey, g: grey, b: grey } } })
    .jpeg()
    .toBuffer();

function put(path: string, bytes: Uint8Array | string = jpeg): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

const crops = (): string[] => readdirSync(join(root, 'cache', 'editable', 'photographs'));

const problem = (source: object = {}): Promise<string> =>
  photographs({ folder, ...source }, options).then(
    () => 'opened',
    (error: Error) => error.message,
  );

describe('photographs', () => {
  it('decodes again where its cache is damaged, and clears what a killed process left there', async () => {
    put('dog/1.jpg');
    put('cat/1.jpg', await picture(40));
    const before = new Set(existsSync(join(root, 'cache')) ? crops() : []);
    await photographs({ folder }, options);
    const made = crops().filter((name) => !before.has(name));
    const cached = (ending: string): string =>
      join(root, 'cache/editable/photographs', made.find((name) => name.endsWith(ending)) as string);
    writeFileSync(cached('.json'), '{"hash": "a1');
    // Process numbers stay below 2^22 on Linux: this one is nobody's.
    const left = join(
      dirname(cached('.crops')),
      `.${basename(cached('.crops')).slice(0, 40)}.${hostname()}.99999999.0.tmp`,
    );
    writeFileSync(left, 'a part');
    const { split } = await photographs({ folder }, options);
    expect(Math.abs(split('test').image(0)[0]! - 40)).toBeLessThan(3);
    expect(
      crops()
        .filter((name) => !before.has(name))
        .sort(),
    ).toEqual(made.sort());
  });

  it('opens train/CLASS and val/CLASS, classes by their sorted names', async () => {
    put('train/dog/1.jpg', await picture(10));
    put('train/cat/2.JPEG', await picture(20));
    put('train/cat/1.jpeg', await picture(30));
    put('train/cat/notes.txt', 'no picture, as its name says');
    put('val/cat/1.jpg', await picture(40));
    const dataset = await loadDataset({ folder }, options);
    expect(dataset).toMatchObject({ classes: ['cat', 'dog'], shape: [3, 4, 4], source: { folder }, skipped: [] });
    expect([...dataset.split('train').labels]).toEqual([0, 0, 1]);
    expect([30, 20, 10].map((grey, i) => Math.abs(dataset.split('train').image(i)[0]! - grey) < 3)).not.toContain(
      false,
    );
    expect(dataset.split('test').length).toBe(1);
    expect(() => dataset.split('test').image(1)).toThrow('an index from 0 to 0');
  });

  it('numbers the classes of a part as the file of all classes does', async () => {
    put('val/n00000003/1.jpg');
    const dataset = await photographs({ folder, classes }, options);
    expect(dataset.classes).toEqual(['ant', 'bee, honeybee', 'cat']);
    expect([...dataset.split('test').labels]).toEqual([2]);
    expect(() => dataset.split('train')).toThrow('has no train photographs');
  });

  it('opens a folder of class folders, and photographs named by their class, as a test split', async () => {
    put('n00000002/1.jpg');
    expect([...(await photographs({ folder, classes }, options)).split('test').labels]).toEqual([1]);
    folder = join(root, 'flat');
    put('n00000003_cat.jpg');
    put('n00000001_ant.jpg');
    expect([...(await photographs({ folder, classes }, options)).split('test').labels]).toEqual([0, 2]);
  });

  it('opens what manifest.csv or manifest.jsonl lists: labels by id, name or number', async () => {
    put('a, b.jpg');
    put('c.jpg');
    put('manifest.csv', 'path,label,split\n"a, b.jpg",n00000003,train\nc.jpg,"bee, honeybee",val\nc.jpg,0,val\n');
    const listed = await photographs({ folder, classes }, options);
    expect([...listed.split('train').labels]).toEqual([2]);
    expect([...listed.split('test').labels]).toEqual([1, 0]);
    rmSync(join(folder, 'manifest.csv'));
    put('manifest.jsonl', '{"path": "c.jpg", "label": "cat"}\n{"path": "a, b.jpg", "label": 1, "split": "test"}\n');
    expect([...(await photographs({ folder, classes }, options)).split('test').labels]).toEqual([2, 1]);
  });

  it('decodes once, and again where a photograph has changed', async () => {
    put('val/a/1.jpg');
    put('val/b/1.jpg');
    const hash = splitHash((await photographs({ folder }, options)).split('test'));
    const before = crops();
    expect(splitHash((await photographs({ folder }, options)).split('test'))).toBe(hash);
    expect(crops()).toEqual(before);
    put('val/b/1.jpg', await picture(90));
    utimesSync(join(folder, 'val/b/1.jpg'), 1, 1);
    const changed = (await photographs({ folder }, options)).split('test');
    expect(splitHash(changed)).not.toBe(hash);
    expect(splitHash(subset(changed, [0]))).not.toBe(splitHash(subset(changed, [1])));
    expect(splitHash(subset(changed, [0]))).toBe(splitHash(subset(changed, [0])));
  });

  it('hashes the preprocessing and the labels too, but not the place', async () => {
    put('n00000001/1.jpg');
    const hash = splitHash((await photographs({ folder, classes }, options)).split('test'));
    const larger = { preprocessing: { resize: 5, crop: 4 } };
    expect(splitHash((await photographs({ folder, classes }, larger)).split('test'))).not.toBe(hash);
    folder = join(root, 'moved');
    put('n00000001/1.jpg');
    expect(splitHash((await photographs({ folder, classes }, options)).split('test'))).toBe(hash);
    rmSync(join(folder, 'n00000001'), { recursive: true });
    put('n00000002/1.jpg');
    expect(splitHash((await photographs({ folder, classes }, options)).split('test'))).not.toBe(hash);
  });

  it('names and counts damaged photographs, and skips them where that is asked for', async () => {
    for (const name of ['1', '2', '3']) put(`val/a/${name}.jpg`);
    put('val/a/cut.jpg', jpeg.subarray(0, jpeg.length - 20));
    put('val/a/text.jpg', 'no picture');
    const refused = await problem();
    expect(refused).toMatch(/^2 of 5 photographs in .* cannot be read; Cannot decode .*cut\.jpg/);
    expect(refused).toContain('--on-damaged skip');
    const dataset = await photographs({ folder, onDamaged: 'skip' }, options);
    expect(dataset.split('test').length).toBe(3);
    expect(dataset.skipped).toEqual([expect.stringContaining('cut.jpg'), expect.stringContaining('text.jpg')]);
    expect((await photographs({ folder, onDamaged: 'skip' }, options)).skipped).toEqual(dataset.skipped);
  });

  it('refuses in one sentence what it cannot use', async () => {
    expect(await problem()).toMatch(/has no classes: expected train\/CLASS/);
    put('1.jpg');
    expect(await problem()).toMatch(/has no classes: .*; received 1\.jpg\.$/);
    put('val/readme.txt', '');
    expect(await problem()).toMatch(/val has no classes: expected a folder of photographs for each class/);
    put('val/n00000001/1.jpg');
    mkdirSync(join(folder, 'val/n00000002'));
    expect(await problem()).toMatch(/n00000002 is empty: expected photographs of the class "n00000002"/);
    put('val/n00000002/1.jpg');
    put('val/n00000009/1.jpg');
    expect(await problem({ classes })).toMatch(
      /n00000009\/1\.jpg is of class "n00000009", which is not among the 3 classes/,
    );
    expect(await problem({ folder: join(folder, 'absent') })).toMatch(/to be a folder of photographs; there is none/);
  });

  it('refuses a link out of the folder, and follows one inside it', async () => {
    put('val/a/1.jpg');
    symlinkSync(join(folder, 'val/a/1.jpg'), join(folder, 'val/a/2.jpg'));
    expect((await photographs({ folder }, options)).split('test').length).toBe(2);
    writeFileSync(join(root, 'outside.jpg'), jpeg);
    symlinkSync(join(root, 'outside.jpg'), join(folder, 'val/a/3.jpg'));
    expect(await problem()).toMatch(/3\.jpg leads out of its folder, to .*outside\.jpg/);
    rmSync(join(folder, 'val/a/3.jpg'));
    put('manifest.csv', 'path,label\n../outside.jpg,a\n');
    expect(await problem()).toMatch(/leads out of its folder/);
  });

  it('refuses a manifest that cannot be meant, by its line', async () => {
    put('1.jpg');
    const refusal = (text: string, source: object = { classes }): Promise<string> => {
      put('manifest.csv', text);
      return problem(source);
    };
    expect(await refusal('file,class\n')).toContain('line 1: expected the heading path,label,split');
    expect(await refusal('path,label\n')).toContain('lists no photographs');
    expect(await refusal('path,label\n1.jpg,\n')).toContain('line 2: expected a path, a label and a split');
    expect(await refusal('path,label\n1.jpg,dog\n')).toContain('line 2: expected one of 3 classes, received "dog"');
    expect(await refusal('path,label\n1.jpg,3\n')).toContain('line 2: expected one of 3 classes, received "3"');
    expect(await refusal('path,label\n1.jpg,3\n', {})).toContain('no file of classes was given');
    expect(await refusal('path,label,split\n1.jpg,0,dev\n')).toContain('a split train, val or test, received "dev"');
    expect(await refusal('path,label\n2.jpg,0\n')).toMatch(/Expected the photograph .*2\.jpg; there is no such file/);
  });

  it('decodes only the splits that are wanted, and leaves no partial file', async () => {
    put('train/a/1.jpg');
    put('val/a/1.jpg');
    const dataset = await photographs({ folder }, { ...options, splits: ['test'] });
    expect(() => dataset.split('train')).toThrow('was opened without its train split');
    expect(existsSync(join(root, 'cache'))).toBe(true);
    expect(crops().filter((name) => name.includes('partial'))).toEqual([]);
  });
});
