/** A store's files: written beside their place, synced and renamed; known by the hash of what is in them, checked when read. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFileOrExplain, writeFileAtomically } from '@editable/torch';
import { makeRunFolder } from 'editable';
import { WorkspaceError, writeProblem } from '../errors.js';
import { hash, sha256 } from './wish.js';

export class StoreFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get journal(): string {
    return join(this.folder, 'journal.sqlite');
  }

  make(): void {
    for (const part of ['bases', 'pictures', 'releases']) makeRunFolder(join(this.folder, part));
  }

  /** A base is a run's folder: configuration, weights, curvature. */
  baseFolder(base: string): string {
    return join(this.folder, 'bases', named(base));
  }

  makeBaseFolder(base: string): string {
    const folder = this.baseFolder(base);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** [C, H, W] bytes. Returns their hash. */
  keepPicture(pixels: Uint8Array): string {
    const name = sha256(pixels);
    const path = this.#picture(name);
    this.#write(path, pixels);
    return name;
  }

  /** @throws WorkspaceError DAMAGED_STORE where it is missing or not what was kept */
  picture(name: string): Uint8Array {
    const pixels = this.#read(this.#picture(name));
    if (sha256(pixels) !== name) throw damaged(this.#picture(name));
    return pixels;
  }

  #picture(name: string): string {
    return join(this.folder, 'pictures', named(name));
  }

  releasePath(id: string): string {
    return join(this.folder, 'releases', `${named(id)}.safetensors`);
  }

  /** Returns the release's name: the hash of its bytes. */
  keepRelease(bytes: Uint8Array): string {
    const id = sha256(bytes);
    const path = this.releasePath(id);
    this.#write(path, bytes);
    return id;
  }

  /** @throws WorkspaceError DAMAGED_STORE where it is missing or not what was kept */
  release(id: string): Uint8Array {
    const path = this.releasePath(id);
    const bytes = this.#read(path);
    if (sha256(bytes) !== id) throw damaged(path);
    return bytes;
  }

  /** Hashes of the pictures and releases that are there. */
  present(): { readonly pictures: readonly string[]; readonly releases: readonly string[] } {
    const list = (part: string): string[] =>
      readdirSync(join(this.folder, part))
        .filter((name) => !name.startsWith('.'))
        .map((name) => name.replace(/\.safetensors$/, ''));
    return { pictures: list('pictures'), releases: list('releases') };
  }

  /** What is there already is the same. @throws WorkspaceError NO_SPACE */
  #write(path: string, bytes: Uint8Array): void {
    if (existsSync(path)) return;
    try {
      writeFileAtomically(path, bytes);
    } catch (error) {
      throw writeProblem(error, this.folder);
    }
  }

  #read(path: string): Uint8Array {
    if (!existsSync(path))
      throw new WorkspaceError('DAMAGED_STORE', `${path} is missing; take it from a backup of the store.`);
    return readFileOrExplain(path);
  }
}

/** Nothing but a hash becomes a part of a path. */
function named(name: string): string {
  if (hash.safeParse(name).success) return name;
  throw new WorkspaceError('INVALID_ARGUMENT', `expected 64 hexadecimal digits, received ${JSON.stringify(name)}.`);
}

const damaged = (path: string): WorkspaceError =>
  new WorkspaceError(
    'DAMAGED_STORE',
    `${path} is not what was written: its contents have another hash; take it from a backup of the store.`,
  );
