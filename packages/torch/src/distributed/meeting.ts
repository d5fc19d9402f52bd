/** Who comes: every process writes itself down in the store, and waits until all have; or one sentence says who is missing. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { TorchError } from '../errors.js';
import type { PlaceInGroup } from './launch-environment.js';
import type { Store } from './store.js';
import { describeFailure } from './verdict.js';

/** Milliseconds in which the keeper of the store lets the others hear that it gives up. */
const hearing = 3000;

/** Machine and process of each rank, once all have come. @throws TorchError GROUP_FAILED */
export async function meet(store: Store, place: PlaceInGroup, timeout: number): Promise<readonly string[]> {
  const peers: (string | undefined)[] = Array(place.worldSize);
  try {
    comeIn(store, place);
    await allIn(store, place, { peers, timeout });
    checkSizes(store, place);
    return peers as readonly string[];
  } catch (cause) {
    if (cause instanceof TorchError) throw cause;
    const names = { place, peers: peers[0] === undefined ? [] : [peers[0]], timeout, lostAfter: timeout };
    throw new TorchError('GROUP_FAILED', describeFailure('verdict store', names), { cause });
  }
}

function comeIn(store: Store, { rank, worldSize }: PlaceInGroup): void {
  if (store.add(`joined/${rank}`, 1) > 1) {
    throw new TorchError(
      'GROUP_FAILED',
      `two processes say that they are rank ${rank} of ${worldSize}; each needs a RANK of its own, and each group a MASTER_PORT of its own.`,
    );
  }
  store.set(`size/${rank}`, String(worldSize));
  store.set(`who/${rank}`, `${hostname()}, process ${process.pid}`);
}

interface Waiting {
  readonly peers: (string | undefined)[];
  readonly timeout: number;
}

async function allIn(
  store: Store,
  { worldSize, keepsStore }: PlaceInGroup,
  { peers, timeout }: Waiting,
): Promise<void> {
  const until = Date.now() + 1000 * timeout;
  for (;;) {
    for (let each = 0; each < worldSize; each++) peers[each] ??= store.get(`who/${each}`);
    const missing = [...peers.keys()].filter((each) => peers[each] === undefined);
    if (missing.length === 0) return;
    const told = store.get('absent');
    if (told !== undefined) {
      store.add('absent-heard', 1);
      throw absent(told.split(',').map(Number), worldSize, timeout);
    }
    if (Date.now() > until) {
      if (keepsStore) await tell(store, missing, worldSize);
      throw absent(missing, worldSize, timeout);
    }
    await sleep(30);
  }
}

/** Before the store goes with this process. */
async function tell(store: Store, missing: readonly number[], worldSize: number): Promise<void> {
  store.set('absent', missing.join());
  const until = Date.now() + hearing;
  while (store.add('absent-heard', 0) < worldSize - missing.length - 1 && Date.now() < until) await sleep(20);
}

function checkSizes(store: Store, { rank, worldSize }: PlaceInGroup): void {
  for (let each = 0; each < worldSize; each++) {
    const size = store.get(`size/${each}`);
    if (size === String(worldSize)) continue;
    throw new TorchError(
      'GROUP_FAILED',
      `rank ${each} was told of ${size} processes and rank ${rank} of ${worldSize}; give all the same WORLD_SIZE.`,
    );
  }
}

function absent(missing: readonly number[], worldSize: number, timeout: number): TorchError {
  const some = missing.slice(0, 8).join(', ');
  const names = `${missing.length === 1 ? 'rank' : 'ranks'} ${some}${missing.length > 8 ? ', …' : ''}`;
  return new TorchError(
    'GROUP_FAILED',
    `${names} did not join within ${timeout} s: ${worldSize - missing.length} of ${worldSize} processes came. Start all of them, with the same MASTER_ADDR, MASTER_PORT and WORLD_SIZE.`,
  );
}
