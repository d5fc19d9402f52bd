/**
 * What is served: always one whole release. A change in the store, made here or by another process, is loaded beside it and
 * takes its place between two requests.
 */
import { EventEmitter } from 'node:events';
import { type Store, type StoreState, short } from '@editable/workspace';
import type { Served } from '../api/serving.js';
import { StudioError } from '../errors.js';
import type { Inference } from '../inference/inference.js';

/** A release, or the base where `release` is null. */
export interface Version {
  readonly release: string | null;
  readonly base: string;
  /** The release's hash, or the base's. */
  readonly version: string;
}

const recentVersions = 3;

interface LiveEvents {
  readonly served: readonly [served: Served, before: Served];
  readonly store: readonly [seq: number];
  readonly problem: readonly [text: string];
}

export class LiveModel extends EventEmitter<{ -readonly [Name in keyof LiveEvents]: [...LiveEvents[Name]] }> {
  readonly #store: Store;
  readonly #inference: Inference;
  #served: Served | undefined;
  #problem: string | null = null;
  #seq = 0;
  #recent: readonly string[] = [];
  #refreshing: Promise<void> = Promise.resolve();
  #watch: NodeJS.Timeout | undefined;
  /** Versions that stay loaded for others: candidates, and those that were asked for. */
  readonly #held = new Map<string, number>();

  constructor(store: Store, inference: Inference) {
    super();
    this.#store = store;
    this.#inference = inference;
  }

  /** @throws where what the store says cannot be loaded: a server that cannot answer does not start */
  async start({ interval = 200 }: { readonly interval?: number } = {}): Promise<void> {
    await this.refresh();
    if (this.#served === undefined) throw new StudioError('UNAVAILABLE', this.#problem ?? 'nothing could be loaded.');
    this.#watch = setInterval(() => void this.refresh(), interval);
    this.#watch.unref();
  }

  stop(): void {
    clearInterval(this.#watch);
  }

  get served(): Served {
    return this.#served as Served;
  }

  /** Why what is served is not what the store says; null where it is. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Looks at the store now. Once it resolves, requests are answered by what the store said, or `problem` says why not. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing
      .then(() => this.#refresh())
      .catch((error: Error) => this.#report(error.message));
    return this.#refreshing;
  }

  /** Keeps a version loaded until `release` is called. @throws where it cannot be loaded */
  async hold(version: Version): Promise<void> {
    await this.#inference.load({ release: version.release, base: version.base });
    this.#held.set(version.version, (this.#held.get(version.version) ?? 0) + 1);
  }

  /** Whether it was held. */
  async release(version: string): Promise<boolean> {
    const holders = this.#held.get(version);
    if (holders === undefined) return false;
    if (holders > 1) this.#held.set(version, holders - 1);
    else {
      this.#held.delete(version);
      await this.#free(version);
    }
    return true;
  }

  async #refresh(): Promise<void> {
    const { state } = this.#store;
    if (state.seq !== this.#seq) {
      this.#seq = state.seq;
      this.emit('store', state.seq);
    }
    const wanted = activeVersion(state);
    if (wanted.version === this.#served?.version) {
      this.#problem = null;
      return;
    }
    await this.#swap(wanted, state);
  }

  async #swap(wanted: Version, state: StoreState): Promise<void> {
    const before = this.#served;
    try {
      await this.#inference.load({ release: wanted.release, base: wanted.base });
    } catch (error) {
      const kept = before === undefined ? '' : `; ${short(before.version)} is served still`;
      this.#report(`${short(wanted.version)} is active and cannot be served: ${(error as Error).message}${kept}`);
      return;
    }
    const repairs = wanted.release === null ? 0 : (state.releases.get(wanted.release)?.repairs.length ?? 0);
    const served = { ...wanted, repairs, since: new Date().toISOString() };
    // From here on: a request that was taken before is answered by the release that it was taken for.
    this.#served = served;
    this.#problem = null;
    if (before === undefined) {
      this.#recent = [served.version];
      return;
    }
    this.emit('served', served, before);
    await this.#keepRecent(served.version);
  }

  /** The way back is to what was served lately: that stays loaded. */
  async #keepRecent(version: string): Promise<void> {
    const order = [version, ...this.#recent.filter((each) => each !== version)];
    this.#recent = order.slice(0, recentVersions);
    for (const each of order.slice(recentVersions)) await this.#free(each);
  }

  async #free(version: string): Promise<void> {
    if (this.#recent.includes(version) || this.#held.has(version)) return;
    await this.#inference.retire(version);
  }

  #report(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.emit('problem', problem);
  }
}

/** What the store says is to be served. */
export function activeVersion({ active, releases, unrepaired }: StoreState): Version {
  const base = unrepaired as string;
  if (active === null) return { release: null, base, version: base };
  return { release: active, base: releases.get(active)?.base as string, version: active };
}
