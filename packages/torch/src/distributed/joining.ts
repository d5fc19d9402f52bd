/** How processes meet: a store, who is there, connections between all of them, and a watch over their lives. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { TorchError } from '../errors.js';
import { native } from '../native.js';
import type { PlaceInGroup } from './launch-environment.js';
import { connectStore, type Store } from './store.js';
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
    native.groupConnect(inside.under(name).id, by, rank, worldSize, address, 1000 * timeout, watch);
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

/** Machine and process of each rank, once all have come. */
async function meet(store: Store, { rank, worldSize }: PlaceInGroup, timeout: number): Promise<readonly string[]> {
  if (store.add(`joined/${rank}`, 1) > 1) {
    throw new TorchError(
      'GROUP_FAILED',
      `two processes say that they are rank ${rank} of ${worldSize}; each needs a RANK of its own, and each group a MASTER_PORT of its own.`,
    );
  }
  store.set(`size/${rank}`, String(worldSize));
  store.set(`who/${rank}`, `${hostname()}, process ${process.pid}`);
  const until = Date.now() + 1000 * timeout;
  const peers: (string | undefined)[] = Array(worldSize);
  for (;;) {
    for (let each = 0; each < worldSize; each++) peers[each] ??= store.get(`who/${each}`);
    const missing = [...peers.keys()].filter((each) => peers[each] === undefined);
    if (missing.length === 0) break;
    if (Date.now() > until) throw absent(missing, worldSize, timeout);
    await sleep(30);
  }
  for (let each = 0; each < worldSize; each++) {
    const size = store.get(`size/${each}`);
    if (size === String(worldSize)) continue;
    throw new TorchError(
      'GROUP_FAILED',
      `rank ${each} was told of ${size} processes and rank ${rank} of ${worldSize}; give all the same WORLD_SIZE.`,
    );
  }
  return peers as readonly string[];
}

function absent(missing: readonly number[], worldSize: number, timeout: number): TorchError {
  const some = missing.slice(0, 8).join(', ');
  const names = `${missing.length === 1 ? 'rank' : 'ranks'} ${some}${missing.length > 8 ? ', …' : ''}`;
  return new TorchError(
    'GROUP_FAILED',
    `${names} did not join within ${timeout} s: ${worldSize - missing.length} of ${worldSize} processes came. Start all of them, with the same MASTER_ADDR, MASTER_PORT and WORLD_SIZE.`,
  );
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
