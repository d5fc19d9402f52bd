/** Many tensors averaged over a group in a few large all-reduces, as PyTorch's data-parallel does. */
import { noGrad } from '../autograd.js';
import { cat } from '../functions.generated.js';
import type { BucketTrace } from '../native.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import type { ProcessGroup, Work } from './process-group.js';

export interface BucketOptions {
  /** Bytes of an all-reduce, about; default 8 MiB. */
  readonly bucketBytes?: number;
}

/** Averages that are on their way. */
export interface Averaging {
  /** The means over the group, in the order of the tensors. */
  wait(): Tensor[];
}

/** Small enough that the last layers' are on their way early, large enough that their number costs little. */
const usualBytes = 8 * 2 ** 20;

interface Bucket {
  readonly positions: readonly number[];
  readonly flat: Tensor;
  readonly work: Work;
}

/** The mean of each tensor over the group, the same bits in every process. Inputs stay as they are. */
export const averageInBuckets = (
  group: ProcessGroup,
  tensors: readonly Tensor[],
  options: BucketOptions = {},
): Tensor[] => scope(() => startAveraging(group, tensors, options).wait());

/** The same, begun: the last tensors first, as backward gives them. */
export function startAveraging(
  group: ProcessGroup,
  tensors: readonly Tensor[],
  { bucketBytes = usualBytes }: BucketOptions = {},
): Averaging {
  const buckets = noGrad(() => bucketsOf(tensors, bucketBytes).map((positions) => begin(group, tensors, positions)));
  return { wait: () => noGrad(() => meansOf(group, tensors, buckets)) };
}

/**
 * The mean over the group of the gradients of each process's `output` in its `inputs`, which are leaves. Buckets are on their way
 * while backward goes on, those of the last inputs first: inputs that backward comes to late stand in front. `trace`: when.
 */
export const averageGradients = (
  group: ProcessGroup,
  output: Tensor,
  inputs: readonly Tensor[],
  { bucketBytes = usualBytes }: BucketOptions = {},
): { readonly gradients: Tensor[]; readonly trace: BucketTrace } =>
  group.meanGradients(output, inputs, bucketsOf(inputs, bucketBytes));

/** Writes the tensors of the process `root` into everybody's, in a few large broadcasts. */
export function broadcastInto(group: ProcessGroup, tensors: readonly Tensor[], root = 0): void {
  scope(() =>
    noGrad(() => {
      for (const positions of bucketsOf(tensors, Number.POSITIVE_INFINITY)) {
        const own = positions.map((i) => tensors[i] as Tensor);
        const flat = cat(own.map((each) => each.detach().reshape([-1])));
        group.broadcast(flat, root);
        let start = 0;
        for (const each of own) {
          each.detach().copy_(flat.narrow(0, start, each.numel).reshape(each.shape));
          start += each.numel;
        }
      }
    }),
  );
}

/** Positions of the tensors of each bucket: of one dtype and device, from the last tensor on. */
export function bucketsOf(tensors: readonly Tensor[], bucketBytes: number): number[][] {
  const buckets: number[][] = [];
  const open = new Map<string, { positions: number[]; bytes: number }>();
  for (const position of [...tensors.keys()].reverse()) {
    const each = tensors[position] as Tensor;
    const kind = `${each.dtype} ${each.device}`;
    let bucket = open.get(kind);
    if (bucket === undefined || bucket.bytes + each.nbytes > bucketBytes) {
      bucket = { positions: [], bytes: 0 };
      open.set(kind, bucket);
      buckets.push(bucket.positions);
    }
    bucket.positions.push(position);
    bucket.bytes += each.nbytes;
  }
  return buckets;
}

function begin(group: ProcessGroup, tensors: readonly Tensor[], positions: readonly number[]): Bucket {
  // A gradient may be a view of one number (of a sum), or lie channels-last: reshape gives row-major order.
  const parts = positions.map((i) => (tensors[i] as Tensor).detach().reshape([-1]));
  const flat = parts.length === 1 ? (parts[0] as Tensor).clone() : cat(parts, { dim: 0 });
  return { positions, flat, work: group.startAllReduce(flat) };
}

function meansOf(group: ProcessGroup, tensors: readonly Tensor[], buckets: readonly Bucket[]): Tensor[] {
  const means: Tensor[] = Array(tensors.length);
  for (const { positions, flat, work } of buckets) {
    work.wait();
    const mean = flat.div(group.size);
    let start = 0;
    for (const i of positions) {
      const { shape, numel } = tensors[i] as Tensor;
      means[i] = mean.narrow(0, start, numel).reshape(shape);
      start += numel;
    }
  }
  return means;
}
