/** The only file that loads the addon: finds it, sets the process up for speed first, and gives it a typed face. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { TorchError } from './errors.js';

export interface NativeOperator {
  readonly index: number;
  readonly schema: string;
  readonly arguments: readonly { readonly name: string; readonly kind: string; readonly required: boolean }[];
  readonly returns: readonly string[];
}

export interface NativeMemory {
  readonly tensors: number;
  readonly bytes: number;
  readonly peakBytes: number;
  readonly blocks: number;
}

/** When each bucket of gradients was on its way, in milliseconds from the beginning of backward. */
export interface BucketTrace {
  readonly backwardEnded: number;
  readonly buckets: readonly { readonly bytes: number; readonly began: number; readonly ended: number }[];
}

export type Handle = number;
type NamedHandles = readonly (readonly [string, Handle])[];

export interface Native {
  resolve(name: string, overload: string): NativeOperator | null;
  call(index: number, ...args: unknown[]): unknown;
  schemas(name: string): string[];
  fromBytes(bytes: Uint8Array, shape: readonly number[], dtype: number, device: string): Handle;
  toBytes(handle: Handle): ArrayBuffer;
  item(handle: Handle): number;
  shape(handle: Handle): number[];
  dtype(handle: Handle): number;
  device(handle: Handle): string;
  nbytes(handle: Handle): number;
  release(handle: Handle | Uint32Array, count?: number): void;
  grad(
    outputs: readonly Handle[],
    inputs: readonly Handle[],
    gradOutputs: readonly Handle[] | undefined,
    retainGraph: boolean,
    createGraph: boolean,
    allowUnused: boolean,
  ): (Handle | null)[];
  setRequiresGrad(handle: Handle, on: boolean): void;
  requiresGrad(handle: Handle): boolean;
  setGradEnabled(on: boolean): boolean;
  isGradEnabled(): boolean;
  beginAutocast(dtype: number): void;
  endAutocast(): void;
  setThreads(count: number): void;
  threads(): number;
  manualSeed(seed: bigint): void;
  generatorState(device: string): Handle;
  setGeneratorState(device: string, state: Handle): void;
  memory(): NativeMemory;
  resetPeakMemory(): void;
  adjustExternalMemory(bytes: number): number;
  cudaDevices(): number;
  synchronize(): void;
  setDeterministic(on: boolean): void;
  versions(): { torch: string; config: string; parallel: string };
  scriptLoad(path: string, device: string): { id: number; parameters: NamedHandles; buffers: NamedHandles };
  scriptForward(
    id: number,
    slots: readonly (Handle | null)[],
    inputs: readonly Handle[],
    training: boolean,
  ): { output: Handle; buffers: Handle[] };
  programTrace(input: Handle, forward: (input: Handle) => Handle): number;
  programRun(program: number, input: Handle): Handle;
  programRelease(program: number): void;
  scriptEncode(path: string, names: readonly string[], tensors: readonly Handle[]): ArrayBuffer;
  /** What this addon was built with; the functions below are there where it is not empty. */
  groupBackends(): string[];
  storeConnect(host: string, port: number, isServer: boolean, workers: number, timeoutMs: number): Promise<number>;
  storePrefix(store: number, prefix: string): number;
  storeSet(store: number, key: string, value: string): void;
  storeGet(store: number, key: string): string | null;
  storeAdd(store: number, key: string, value: number): number;
  storeClose(store: number): void;
  groupConnect(
    store: number,
    backend: string,
    rank: number,
    size: number,
    address: string,
    timeoutMs: number,
    watch: number | undefined,
  ): Promise<number>;
  groupAllReduce(group: number, tensor: Handle, reduction: string): number;
  groupBroadcast(group: number, tensor: Handle, root: number): number;
  groupAllGather(group: number, tensor: Handle, outputs: readonly Handle[]): number;
  groupBarrier(group: number): number;
  groupSum(group: number, tensor: Handle): Handle;
  groupGradients(
    group: number,
    size: number,
    output: Handle,
    inputs: readonly Handle[],
    buckets: readonly (readonly number[])[],
  ): { readonly gradients: Handle[]; readonly trace: BucketTrace };
  groupClose(group: number): void;
  workWait(work: number): void;
  watchStart(
    host: string,
    port: number,
    prefix: string,
    rank: number,
    size: number,
    beatMs: number,
    lostAfterMs: number,
    timeoutMs: number,
  ): number;
  watchVerdict(watch: number): string;
  watchFail(watch: number, verdict: string): void;
  watchFinish(watch: number, timeoutMs: number): boolean;
}

/** What builds the addon: in a clone setup, which installs libtorch, too; elsewhere npm, once libtorch and a compiler are there. */
const remedy = existsSync(new URL('../../../scripts/setup.mjs', import.meta.url))
  ? 'Run "npm run setup", which installs libtorch where it is missing and builds it.'
  : 'Install libtorch and a compiler (Debian: apt-get install libtorch-dev libopenblas0 g++) or point LIBTORCH at one, then run "npm rebuild @editable/torch".';

const addonPath = (): string =>
  process.env.EDITABLE_TORCH_ADDON ?? fileURLToPath(new URL('../build/torch.node', import.meta.url));

// Read once, when the addon pulls the libraries in. libgomp's default spinning makes small-batch work 3 to 6 times slower;
// a short spin is faster still on an idle machine, and five times slower where a core is taken away.
function prepareEnvironment(): void {
  process.env.OMP_WAIT_POLICY ??= 'passive';
  // OpenBLAS has threads of its own beside libgomp's, which look for work for 2^26 cycles after each product unless told
  // otherwise: at one image, where products and other operators alternate, they take the cores that these wait for.
  process.env.OPENBLAS_THREAD_TIMEOUT ??= '4';
  // c10d logs every failed attempt to connect; what comes of them is told in one sentence.
  if (launched.some((name) => process.env[name] !== undefined)) {
    process.env.GLOG_minloglevel ??= '3';
    process.env.TORCH_CPP_LOG_LEVEL ??= 'FATAL';
  }
}

/** Where one of these is set, the process is one of a group. */
const launched = ['RANK', 'WORLD_SIZE', 'PET_NNODES', 'SLURM_PROCID'];

function load(): Native {
  const path = addonPath();
  if (!existsSync(path)) {
    throw new TorchError('LIBTORCH_NOT_FOUND', `the libtorch addon is not built (expected ${path}). ${remedy}`);
  }
  prepareEnvironment();
  try {
    const native = createRequire(import.meta.url)(path) as Native;
    if (process.env.OMP_NUM_THREADS === undefined) native.setThreads(availableParallelism());
    return native;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new TorchError('LIBTORCH_NOT_FOUND', `the libtorch addon could not be loaded: ${reason}. ${remedy}`, {
      cause,
    });
  }
}

/** The addon, loaded on first import of this package. */
export const native: Native = load();
