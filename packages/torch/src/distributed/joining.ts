/** How processes meet: a store, who is there, connections between all of them, and a watch over their lives. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { TorchError } from '../errors.js';
import { native } from '../native.js';
import type { PlaceInGroup } from './launch-environment.js';
import { meet } from './meeting.js';
import { connectStore, whileAwake } from './store.js';
import { describeFailure } from './verdict.js';

export interface JoinOptions {
  readonly timeout: number;
  readonly lostAfter: number;
  readonly backend: string;
  readonly withPyTorch: boolean;
}

export interface Joined {
  /** The addon's numbers of the group and of the watch over it. */
  readonly group: number;
  /** Of a second group, by NCCL. */
  readonly cuda: number | undefined;
  readonly watch: number | undefined;
  readonly peers: readonly string[];
}

/** Where PyTorch 1.13 puts its default group: another part of the store would be another group. */
const pytorchPrefix = 'default_pg';

const ours = 'editable';

/** Milliseconds between two signs of life. */
const beat = 500;

export async function joinGroup(place: PlaceInGroup, options: JoinOptions): Promise<Joined> {
  const { timeout, lostAfter, backend, withPyTorch } = options;
  const store = (await connectStore(place, timeout)).under(place.prefix);
  const address = await addressTowards(place.host, place.port);
  const { rank, worldSize, host, port } = place;
  const peers = withPyTorch ? [] : await meet(store.under(ours), place, timeout);
  const prefix = place.prefix === '' ? ours : `${place.prefix}/${ours}`;
  const watch = withPyTorch
    ? undefined
    : native.watchStart(host, port, prefix, rank, worldSize, beat, 1000 * lostAfter, 1000 * timeout);
  const inside = store.under(pytorchPrefix);
  const connect = (name: string, by: string): Promise<number> =>
    unlessLost(native.groupConnect(inside.under(name).id, by, rank, worldSize, address, 1000 * timeout, watch), watch);
  try {
    // PyTorch's processes wait for everybody's mark before rank 0 tells the number that counting begins with.
    if (withPyTorch) inside.add('store_based_barrier_key:1', 1);
    const group = await connect('0', 'gloo');
    const cuda = backend === 'nccl' ? await connect('1', 'nccl') : undefined;
    return { group, cuda, watch, peers };
  } catch (cause) {
    const names = { place, peers, timeout, lostAfter };
    throw new TorchError('GROUP_FAILED', describeFailure((cause as Error).message, names), { cause });
  }
}

/** What is being connected, unless the watch finds before that one of the processes is lost. */
async function unlessLost(connecting: Promise<number>, watch: number | undefined): Promise<number> {
  if (watch === undefined) return whileAwake(connecting);
  let pending = true;
  const connected = connecting.finally(() => {
    pending = false;
  });
  const lost = async (): Promise<number> => {
    while (pending) {
      await sleep(200);
      const verdict = native.watchVerdict(watch);
      if (verdict !== '') throw new Error(`verdict ${verdict}`);
    }
    return connected;
  };
  return Promise.race([connected, lost()]);
}

/**
 * This machine's address as the others can reach it: the one that its packets to the store go out by. Gloo would ask for the
 * address of the machine's name, which on Debian is 127.0.1.1.
 */
async function addressTowards(host: string, port: number): Promise<string> {
  for (const kind of ['udp4', 'udp6'] as const) {
    const socket = createSocket(kind);
    try {
      socket.connect(port, host);
      await once(socket, 'connect');
      return socket.address().address;
    } catch {
      // No such name or route for this kind of address.
    } finally {
      socket.close();
    }
  }
  return '127.0.0.1';
}
