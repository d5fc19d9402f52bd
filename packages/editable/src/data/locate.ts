/** Where a data set's files are looked for: an explicit folder, then EDITABLE_DATA, then where its package puts them. */
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EditableError } from '../errors.js';

export interface DatasetLocation {
  /** Looked in before EDITABLE_DATA and the system's folders; must exist if given. */
  readonly dataDir?: string | undefined;
}

/** Folders to look in, most explicit first; in each root, the root itself and then its `subfolders`. */
export function searchFolders({ dataDir }: DatasetLocation, subfolders: readonly string[]): string[] {
  if (dataDir !== undefined && !statSync(dataDir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new EditableError('DATA_NOT_FOUND', `The data folder ${dataDir} does not exist. Check --data-dir (dataDir).`);
  }
  const roots = [dataDir, process.env.EDITABLE_DATA].filter((root) => root !== undefined && root !== '') as string[];
  return roots.flatMap((root) => [root, ...subfolders.map((subfolder) => join(root, subfolder))]);
}

/** The first folder that holds any of the files: what it lacks is then an error, never a reason to look on. */
export function firstFolderWith(files: readonly string[], folders: readonly string[]): string | undefined {
  return folders.find((folder) => files.some((file) => existsSync(join(folder, file))));
}

/** Where downloaded data sets are kept (XDG base directories: XDG_CACHE_HOME, else ~/.cache). */
export function cacheFolder(name: string): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'editable', name);
}
