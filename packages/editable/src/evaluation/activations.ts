/** What one stage of a model receives for every judged image, computed once, and the predictions of models from there on. */
import { cat, type nn, scope, type Tensor, tensor } from '@editable/torch';
import { sequentialBatches } from '../data/index.js';
import { EditableError } from '../errors.js';
import { classesOf } from './predictions.js';
import { inBfloat16, type ReducedPrecision } from './reduced-precision.js';

/** Images too many to be held: each batch of them is made when it is needed, and freed. */
export interface ImageStream {
  readonly length: number;
  readonly batchSize: number;
  batch(positions: ArrayLike<number>): Tensor;
}

/** Cached inputs of one stage; they belong to the model's unedited part. */
export class Activations implements Disposable {
  readonly from: number;
  /** Where edited models are judged in bfloat16. */
  readonly reduced: ReducedPrecision | undefined;
  readonly #inputs: readonly Tensor[] | ImageStream;
  readonly #owned: boolean;

  constructor(inputs: readonly Tensor[] | ImageStream, from: number, owned: boolean, reduced?: ReducedPrecision) {
    this.#inputs = inputs;
    this.from = from;
    this.reduced = reduced;
    this.#owned = owned;
  }

  /** @throws EditableError INVALID_ARGUMENT where the inputs are too many to be held */
  get batches(): readonly Tensor[] {
    if (!('batch' in this.#inputs)) return this.#inputs;
    throw new EditableError(
      'INVALID_ARGUMENT',
      `${this.#inputs.length} images of this size do not fit into memory at once, as is needed here; judge on fewer (testImages, --test-images).`,
    );
  }

  /** What `use` makes of every batch, or of the inputs at `positions` (ascending) in batches as large. */
  over<Result>(use: (batch: Tensor) => Result, positions?: readonly number[]): Result[] {
    return 'batch' in this.#inputs
      ? overStream(this.#inputs, positions, use)
      : overBatches(this.#inputs, positions, use);
  }

  /** The predicted class of every image, or of those at `positions` (ascending); `noClass` where the output is not finite. */
  predict(model: nn.Model, positions?: readonly number[]): Int32Array {
    return this.reduced === undefined
      ? predictExactly(model, this, positions)
      : predictReduced(model, this, this.reduced, positions);
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.reduced?.[Symbol.dispose]();
    if (this.#owned && !('batch' in this.#inputs)) for (const batch of this.#inputs) batch.dispose();
  }
}

function predictExactly(
  model: nn.Model,
  activations: Activations,
  positions: readonly number[] | undefined,
): Int32Array {
  return joined(activations.over((batch) => classesOf(model, batch, activations.from), positions));
}

/** In bfloat16, then those that it leaves uncertain in float32. */
function predictReduced(
  model: nn.Model,
  activations: Activations,
  reduced: ReducedPrecision,
  positions: readonly number[] | undefined,
): Int32Array {
  return scope(() => {
    const roundedModel = inBfloat16(model);
    const parts = overBatches(reduced.batches, positions, (batch) => reduced.classesOf(roundedModel, batch));
    const classes = joined(parts.map((part) => part.classes));
    const starts = startsOf(parts.map((part) => part.classes.length));
    const uncertain = parts.flatMap((part, i) => part.uncertain.map((at) => starts[i]! + at));
    if (uncertain.length === 0) return classes;
    const places = positions === undefined ? uncertain : uncertain.map((at) => positions[at]!);
    const exact = predictExactly(model, activations, places);
    for (const [i, at] of uncertain.entries()) classes[at] = exact[i]!;
    return classes;
  });
}

const overStream = <Result>(
  stream: ImageStream,
  positions: readonly number[] | undefined,
  use: (batch: Tensor) => Result,
): Result[] =>
  [...sequentialBatches(positions?.length ?? stream.length, stream.batchSize)].map((indices) =>
    scope(() => use(stream.batch(positions === undefined ? indices : indices.map((i) => positions[i]!)))),
  );

/** Every batch, or the inputs at `positions` in batches as large as these: memory stays that of one. */
function overBatches<Result>(
  batches: readonly Tensor[],
  positions: readonly number[] | undefined,
  use: (batch: Tensor) => Result,
): Result[] {
  if (positions === undefined) return batches.map(use);
  const [first] = batches as readonly [Tensor];
  return [...sequentialBatches(positions.length, first.shape[0] as number)].map((indices) =>
    scope(() =>
      use(
        gather(
          batches,
          Array.from(indices, (i) => positions[i]!),
        ),
      ),
    ),
  );
}

const joined = (parts: readonly Int32Array[]): Int32Array => Int32Array.from(parts.flatMap((part) => [...part]));

function startsOf(lengths: readonly number[]): number[] {
  const starts = [0];
  for (const length of lengths) starts.push(starts.at(-1)! + length);
  return starts;
}

/** The inputs at these positions, which ascend: a new tensor. */
function gather(batches: readonly Tensor[], positions: readonly number[]): Tensor {
  let start = 0;
  const parts = batches.flatMap((batch) => {
    const end = start + (batch.shape[0] as number);
    const own = positions.filter((position) => position >= start && position < end);
    const at = BigInt64Array.from(own, (position) => BigInt(position - start));
    start = end;
    return own.length === 0 ? [] : [batch.indexSelect(0, tensor(at, { device: batch.device }))];
  });
  return cat(parts);
}
