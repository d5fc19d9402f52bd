/** Which photographs a folder holds, and of which class and split each is: by its layout, or by a manifest in it. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { EditableError } from '../errors.js';
import type { ClassList } from './class-list.js';
import type { SplitName } from './image-dataset.js';
import { type ManifestRow, readManifest } from './manifest.js';

export interface ListedPhotograph {
  /** From the folder on. */
  readonly path: string;
  /** Index of its class. */
  readonly label: number;
}

export interface PhotographList {
  readonly classes: ClassList;
  readonly splits: ReadonlyMap<SplitName, readonly ListedPhotograph[]>;
}

/** A photograph before its class has a number. */
interface Found {
  readonly path: string;
  readonly id: string;
}

const manifests = ['manifest.csv', 'manifest.jsonl'];
// What torchvision's ImageFolder takes for a picture: those that are not read here are then refused by name, not passed over.
const pictures = /\.(jpe?g|png|webp|ppm|bmp|pgm|tiff?)$/i;

/**
 * Lists `train/CLASS/*.jpg` and `test/CLASS/*.jpg`, or `val` where there is no `test`, in the order of torchvision's
 * ImageFolder. A folder of `CLASS/*.jpg`, or of photographs named `CLASS_….jpg`, is a test split. `manifest.csv` or
 * `manifest.jsonl` says all of it instead. Classes are numbered as `classes` has them, else by their sorted ids.
 *
 * @throws EditableError DATA_NOT_FOUND, INVALID_FILE
 */
export function listPhotographs(folder: string, classes?: ClassList): PhotographList {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new EditableError('DATA_NOT_FOUND', `Expected ${folder} to be a folder of photographs; there is none.`);
  }
  const manifest = manifests.map((name) => join(folder, name)).find((path) => existsSync(path));
  const found = manifest === undefined ? byLayout(folder) : byManifest(folder, manifest, classes);
  const ids = classes?.ids ?? [...new Set([...found.values()].flat().map(({ id }) => id))].sort();
  const labels = new Map(ids.map((id, label) => [id, label]));
  const labelled = ({ path, id }: Found): ListedPhotograph => ({ path, label: labelOf(id, path, labels) });
  return {
    classes: classes ?? { ids, names: ids },
    splits: new Map([...found].map(([split, all]) => [split, all.map(labelled)])),
  };
}

/** The label of a picture without a class. */
const none = -1;

/** Every picture of a folder and of the folders in it, without a class. @throws EditableError DATA_NOT_FOUND, INVALID_FILE */
export function listPictures(folder: string): readonly ListedPhotograph[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new EditableError('DATA_NOT_FOUND', `Expected ${folder} to be a folder of photographs; there is none.`);
  }
  const root = realpathSync(folder);
  const under = (place: string): string[] => [
    ...picturesIn(root, place),
    ...foldersIn(root, place).flatMap((name) => under(join(place, name))),
  ];
  const found = under('').map((path) => ({ path, label: none }));
  if (found.length > 0) return found;
  throw new EditableError('DATA_NOT_FOUND', `${folder} holds no photographs.`);
}

function labelOf(id: string, path: string, labels: ReadonlyMap<string, number>): number {
  const label = labels.get(id);
  if (label !== undefined) return label;
  throw new EditableError(
    'INVALID_FILE',
    `${path} is of class "${id}", which is not among the ${labels.size} classes that the network tells apart; name its class, or move it away.`,
  );
}

function byLayout(folder: string): Map<SplitName, Found[]> {
  const root = realpathSync(folder);
  const has = (name: string): boolean => existsSync(join(folder, name));
  // ImageNet's own test split has no classes; then val is what a model is judged on.
  const test = has('test') && (!has('val') || foldersIn(root, 'test').length > 0) ? 'test' : 'val';
  const found = new Map<SplitName, Found[]>();
  if (has('train')) found.set('train', inClassFolders(root, 'train'));
  if (has(test)) found.set('test', inClassFolders(root, test));
  if (found.size === 0) found.set('test', inOneSplit(root));
  return found;
}

function inOneSplit(root: string): Found[] {
  if (foldersIn(root, '').length > 0) return inClassFolders(root, '');
  const paths = picturesIn(root, '');
  const unnamed = paths.find((path) => !path.includes('_'));
  if (paths.length > 0 && unnamed === undefined)
    return paths.map((path) => ({ path, id: path.split('_')[0] as string }));
  throw new EditableError(
    'DATA_NOT_FOUND',
    `${root} has no classes: expected train/CLASS/*.jpg and val/CLASS/*.jpg, photographs named CLASS_….jpg, or a manifest.csv with path,label,split${unnamed === undefined ? '' : `; received ${unnamed}`}.`,
  );
}

function inClassFolders(root: string, split: string): Found[] {
  const ids = foldersIn(root, split);
  if (ids.length === 0) {
    throw new EditableError(
      'DATA_NOT_FOUND',
      `${join(root, split)} has no classes: expected a folder of photographs for each class in it.`,
    );
  }
  return ids.flatMap((id) => {
    const paths = picturesIn(root, join(split, id));
    if (paths.length > 0) return paths.map((path) => ({ path, id }));
    throw new EditableError(
      'DATA_NOT_FOUND',
      `${join(root, split, id)} is empty: expected photographs of the class "${id}" in it; fill the folder or remove it.`,
    );
  });
}

const foldersIn = (root: string, under: string): string[] =>
  namesIn(root, under).filter((name) => statSync(join(root, under, name)).isDirectory());

const picturesIn = (root: string, under: string): string[] =>
  namesIn(root, under)
    .filter((name) => pictures.test(name))
    .map((name) => join(under, name));

/** Sorted as Python sorts; those that begin with a dot are not meant. */
function namesIn(root: string, under: string): string[] {
  const entries = readdirSync(join(root, under), { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  for (const entry of entries) if (entry.isSymbolicLink()) requireInside(root, join(under, entry.name));
  return entries.map(({ name }) => name).sort();
}

/** @throws EditableError INVALID_FILE for a link that leads out of the folder, or nowhere */
function requireInside(root: string, path: string): void {
  const place = existsSync(join(root, path)) ? realpathSync(join(root, path)) : undefined;
  if (place?.startsWith(root + sep)) return;
  throw new EditableError(
    'INVALID_FILE',
    place === undefined
      ? `Expected the photograph ${join(root, path)}; there is no such file.`
      : `${join(root, path)} leads out of its folder, to ${place}; put the photograph itself there.`,
  );
}

const splitNames: Readonly<Record<string, SplitName>> = { train: 'train', val: 'test', test: 'test' };

function byManifest(folder: string, file: string, classes: ClassList | undefined): Map<SplitName, Found[]> {
  const rows = readManifest(file);
  const root = realpathSync(folder);
  const hasTest = rows.some(({ split }) => split === 'test');
  const found = new Map<SplitName, Found[]>();
  for (const row of rows) {
    if (hasTest && row.split === 'val') continue;
    const split = splitNames[row.split];
    if (split === undefined) throw wrong(file, row, `a split train, val or test, received "${row.split}"`);
    const path = relative(root, join(root, row.path));
    requireInside(root, path);
    const own = found.get(split) ?? [];
    own.push({ path, id: idOf(row, file, classes) });
    found.set(split, own);
  }
  if (found.size > 0) return found;
  throw new EditableError('DATA_NOT_FOUND', `${file} lists no photographs: expected rows of path,label,split.`);
}

/** A label may be an id, a name or a number; numbers mean something only beside a list of classes. */
function idOf(row: ManifestRow, file: string, classes: ClassList | undefined): string {
  const { label } = row;
  const isNumber = /^\d+$/.test(label);
  if (classes === undefined) {
    if (isNumber) throw wrong(file, row, `a label by name, as no file of classes was given, received ${label}`);
    return label;
  }
  if (classes.ids.includes(label)) return label;
  const id = classes.ids[isNumber ? Number(label) : classes.names.indexOf(label)];
  if (id === undefined) throw wrong(file, row, `one of ${classes.ids.length} classes, received "${label}"`);
  return id;
}

const wrong = (file: string, { line }: ManifestRow, expected: string): EditableError =>
  new EditableError('INVALID_FILE', `${file}, line ${line}: expected ${expected}.`);
