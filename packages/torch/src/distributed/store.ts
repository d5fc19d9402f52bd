/** Text by key, shared by the processes of a group: how they find each other (c10d's TCPStore). */
import { TorchError } from '../errors.js';
import { native } from '../native.js';
import type { PlaceInGroup } from './launch-environment.js';

export class Store {
  readonly #id: number;

  constructor(id: number) {
    this.#id = id;
  }

  /** The addon's number of it. */
  get id(): number {
    return this.#id;
  }

  set(key: string, value: string): void {
    native.storeSet(this.#id, key, value);
  }

  /** Nothing while no process has set it. */
  get(key: string): string | undefined {
    return native.storeGet(this.#id, key) ?? undefined;
  }

  /** The number under the key, which begins at 0, after the addition. */
  add(key: string, value: number): number {
    return native.storeAdd(this.#id, key, value);
  }

  /** The same store, each key behind a prefix. */
  under(prefix: string): Store {
    return prefix === '' ? this : new Store(native.storePrefix(this.#id, prefix));
  }
}

/** Connects to the place's store, or begins it where this process keeps it. */
export async function connectStore(
  { host, port, keepsStore, rank, worldSize, launcher }: PlaceInGroup,
  timeout: number,
): Promise<Store> {
  try {
    return new Store(await whileAwake(native.storeConnect(host, port, keepsStore, worldSize, 1000 * timeout)));
  } catch (cause) {
    const reason = (cause as Error).message.replace(/\s+/g, ' ');
    throw new TorchError('GROUP_FAILED', sentenceOf(reason), { cause });
  }

  function sentenceOf(reason: string): string {
    const place = `${host}:${port}`;
    if (keepsStore && /EADDRINUSE|address already in use/i.test(reason)) {
      return `MASTER_PORT=${port} is in use by another program on this machine; choose a free port for the group, or end that program.`;
    }
    if (keepsStore) return `rank 0 cannot open MASTER_PORT=${port} on this machine: ${shorten(reason)}.`;
    const keeper = launcher === 'torchrun' ? 'the launcher' : 'rank 0';
    return `rank ${rank} found nobody at ${place} within ${timeout} s, where ${keeper} should be; start all ${worldSize} processes, and check MASTER_ADDR and MASTER_PORT.`;
  }
}

/** A connection that is made in a thread does not keep the process from ending: a timer does, until it is there. */
export async function whileAwake<Value>(connecting: Promise<Value>): Promise<Value> {
  const timer = setInterval(() => {}, 1e6);
  try {
    return await connecting;
  } finally {
    clearInterval(timer);
  }
}

/** An error of c10d's without the place in its source. */
export const shorten = (reason: string): string =>
  reason
    .replace(/^\[[^\]]*\]\s*/, '')
    .replace(/[\s.]+$/, '')
    .slice(0, 200);
