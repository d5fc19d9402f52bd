/**
 * Processes that work together, on c10d (Gloo on processors, NCCL on GPUs): each calls the same collectives in the same
 * order. A process that is lost or too slow ends them all, with a sentence that names it.
 */
import { TorchError } from '../errors.js';
import { type BucketTrace, native } from '../native.js';
import { handleOf, Tensor } from '../tensor.js';
import { type Joined, joinGroup } from './joining.js';
import type { PlaceInGroup } from './launch-environment.js';
import { describeFailure, type GroupNames } from './verdict.js';

export type Reduction = 'sum' | 'max' | 'min';

export interface GroupOptions {
  /** Seconds that a collective may take, waiting for the slowest process included, and that joining may take; default 300. */
  readonly timeout?: number;
  /** Seconds without a sign of life after which a process counts as lost; default 15. */
  readonly lostAfter?: number;
  /** Default: gloo. With nccl, tensors on GPUs go by it and all others by Gloo. */
  readonly backend?: 'gloo' | 'nccl';
  /**
   * Meet processes of PyTorch 1.13's `init_process_group`, which give no signs of life: nobody is watched then, and a lost
   * process shows as a broken connection.
   */
  readonly withPyTorch?: boolean;
}

/** A collective that was begun. */
export interface Work {
  /** Returns when it is done. @throws TorchError GROUP_FAILED */
  wait(): void;
}

export class ProcessGroup {
  readonly place: PlaceInGroup;
  readonly rank: number;
  readonly size: number;
  /** What crossed the network in this process's collectives, by a ring's count: 2 (n − 1)/n of an all-reduce's bytes. */
  #bytes = 0;
  readonly #id: number;
  readonly #cuda: number | undefined;
  readonly #watch: number | undefined;
  readonly #names: GroupNames;

  /** See `connectGroup`. */
  constructor({ group, cuda, watch }: Omit<Joined, 'peers'>, names: GroupNames) {
    this.#id = group;
    this.#cuda = cuda;
    this.#watch = watch;
    this.#names = names;
    this.place = names.place;
    this.rank = names.place.rank;
    this.size = names.place.worldSize;
  }

  /** Bytes that this process's share of the all-reduces so far sends, in a ring: 2 (n − 1)/n of each tensor's. */
  get bytesSent(): number {
    return this.#bytes;
  }

  /** Machine and process of each rank, `node-3, process 4711`. */
  get peers(): readonly string[] {
    return this.#names.peers;
  }

  /** Replaces the tensor by the sum (or the greatest, the least) over all processes; they all receive the same bits. */
  allReduce(tensor: Tensor, reduction: Reduction = 'sum'): void {
    this.startAllReduce(tensor, reduction).wait();
  }

  /** The same, begun: the tensor must be left alone until the work is done. */
  startAllReduce(tensor: Tensor, reduction: Reduction = 'sum'): Work {
    this.#bytes += (2 * tensor.nbytes * (this.size - 1)) / this.size;
    return this.#begin(() => native.groupAllReduce(this.#for(tensor), handleOf(tensor), reduction));
  }

  /** Replaces the tensor by that of the process `root`. */
  broadcast(tensor: Tensor, root = 0): void {
    this.#begin(() => native.groupBroadcast(this.#for(tensor), handleOf(tensor), root)).wait();
  }

  /** The tensors of all processes, by rank; they must be of one shape. */
  allGather(tensor: Tensor): Tensor[] {
    const all = Array.from({ length: this.size }, () => tensor.zerosLike());
    this.#begin(() => native.groupAllGather(this.#for(tensor), handleOf(tensor), all.map(handleOf))).wait();
    return all;
  }

  /** Returns when all processes have called it. */
  barrier(): void {
    this.#begin(() => native.groupBarrier(this.#id)).wait();
  }

  /** The sum over all processes, differentiable to any order: a gradient of it is the sum of their gradients. */
  sum(tensor: Tensor): Tensor {
    this.#bytes += (2 * tensor.nbytes * (this.size - 1)) / this.size;
    return this.#guarded(() => new Tensor(native.groupSum(this.#for(tensor), handleOf(tensor))));
  }

  /**
   * The mean over all processes of the gradients of their `output`s, a scalar each, in leaves: averaged in the buckets that
   * `positions` of inputs make, each on its way while backward goes on to the earlier ones. What does not matter to an output
   * counts as zero.
   */
  meanGradients(
    output: Tensor,
    inputs: readonly Tensor[],
    buckets: readonly (readonly number[])[],
  ): { readonly gradients: Tensor[]; readonly trace: BucketTrace } {
    for (const { nbytes } of inputs) this.#bytes += (2 * nbytes * (this.size - 1)) / this.size;
    const [first] = inputs;
    const id = first === undefined ? this.#id : this.#for(first);
    const { gradients, trace } = this.#guarded(() =>
      native.groupGradients(id, this.size, handleOf(output), inputs.map(handleOf), buckets),
    );
    return { gradients: gradients.map((handle) => new Tensor(handle)), trace };
  }

  /** Tells the others why this process ends: a sentence; they end by it, too. */
  fail(reason: string): void {
    if (this.#watch !== undefined) native.watchFail(this.#watch, `failed:${this.rank}:${reason.slice(0, 2000)}`);
  }

  /** Says that this process has done its part, and waits until all have. Then the group is over. */
  finish(): void {
    if (this.#watch !== undefined && !native.watchFinish(this.#watch, 1000 * this.#names.timeout)) {
      const verdict = native.watchVerdict(this.#watch);
      throw this.#failure(new Error(verdict === '' ? 'timed out' : `verdict ${verdict}`));
    }
    native.groupClose(this.#id);
  }

  /** Tensors on GPUs go by NCCL, all others by Gloo. */
  #for({ device }: Tensor): number {
    return device === 'cpu' ? this.#id : (this.#cuda ?? this.#id);
  }

  #begin(start: () => number): Work {
    const id = this.#guarded(start);
    return { wait: () => this.#guarded(() => native.workWait(id)) };
  }

  #guarded<Result>(call: () => Result): Result {
    try {
      return call();
    } catch (cause) {
      throw this.#failure(cause as Error);
    }
  }

  #failure(cause: Error): TorchError {
    if (cause instanceof TorchError) return cause;
    return new TorchError('GROUP_FAILED', describeFailure(cause.message, this.#names), { cause });
  }
}

/** Whether this addon was built with what groups need, and for which machinery. */
export const groupBackends = (): readonly string[] => native.groupBackends();

/**
 * Meets the other processes; each calls it once.
 *
 * @throws TorchError NO_PROCESS_GROUPS where the addon was built without c10d's headers; GROUP_FAILED naming who did not come
 */
export async function connectGroup(place: PlaceInGroup, options: GroupOptions = {}): Promise<ProcessGroup> {
  const { timeout = 300, lostAfter = 15, backend = 'gloo', withPyTorch = false } = options;
  for (const needed of new Set(['gloo', backend] as const)) {
    if (groupBackends().includes(needed)) continue;
    throw new TorchError('NO_PROCESS_GROUPS', `groups of processes need ${needed}'s headers. ${remedies[needed]}`);
  }
  const joined = await joinGroup(place, { timeout, lostAfter, backend, withPyTorch });
  return new ProcessGroup(joined, { place, peers: joined.peers, timeout, lostAfter });
}

const remedies = {
  gloo: 'Install them (Debian: apt-get install libgloo-dev) and build the addon again: npm run setup.',
  nccl: "Point LIBTORCH at a CUDA build of libtorch, put NCCL's nccl.h where the compiler finds it, and build the addon again: npm run setup.",
} as const;
