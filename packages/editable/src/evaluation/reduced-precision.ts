/**
 * Judging edited models in bfloat16: about twice as fast where the processor has instructions for it. Images that the
 * rounding could have moved to another class are judged again in float32, so the classes are float32's.
 */
import { type nn, noGrad, scope, type Tensor, TorchError } from '@editable/torch';
import { moduleName } from '../models/module-name.js';
import { quickerOfTwo } from '../quicker-of-two.js';

/** Batches of the unedited model on which the rounding's effect is measured. */
const calibrationBatches = 4;
/** An edit changes how far rounding goes; it has this many times the unedited model's largest effect as its room. */
const safety = 2;

/** Classes of a batch in bfloat16, and which of them are certain. */
export interface ReducedClasses {
  readonly classes: Int32Array;
  /** Positions in the batch whose two highest logits are too close to tell apart in bfloat16; those not finite, too. */
  readonly uncertain: readonly number[];
}

/** The inputs of stage `from` in bfloat16, with what rounding does to the unedited model's logits there. */
export class ReducedPrecision implements Disposable {
  readonly batches: readonly Tensor[];
  readonly from: number;
  /** Gap of the two highest logits below which an image is judged again. */
  readonly threshold: number;

  /** `model`: unedited; `batches`: float32, what its stage `from` receives. They stay the caller's. */
  constructor(model: nn.Model, batches: readonly Tensor[], from: number) {
    this.batches = batches.map((batch) => scope(() => batch.to('bfloat16')));
    this.from = from;
    this.threshold = safety * largestEffect(model, batches.slice(0, calibrationBatches), this);
  }

  /** `reduced`: a model as `inBfloat16` makes it; `batch`: one of `batches`, or some of their images. */
  classesOf(reduced: nn.Model, batch: Tensor): ReducedClasses {
    return scope(() =>
      noGrad(() => {
        const logits = reduced.call(batch, { from: this.from }).output.to('float32');
        const [values, indices] = logits.topk(2, { dim: 1 });
        const highest = values.data() as Float32Array;
        const order = indices.data() as BigInt64Array;
        const classes = Int32Array.from({ length: batch.shape[0] as number }, (_, i) => Number(order[2 * i]));
        const isCertain = (i: number): boolean =>
          Number.isFinite(highest[2 * i]!) && highest[2 * i]! - highest[2 * i + 1]! > this.threshold;
        return { classes, uncertain: [...classes.keys()].filter((i) => !isCertain(i)) };
      }),
    );
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    for (const batch of this.batches) batch.dispose();
  }
}

/** The model with its float32 tensors in bfloat16, except those of modules that have buffers (batch normalization). */
export function inBfloat16(model: nn.Model): nn.Model {
  const withBuffers = new Set([...model.buffers.keys()].map(moduleName));
  const reduced = [...model.parameters]
    .filter(([name, value]) => value.dtype === 'float32' && !withBuffers.has(moduleName(name)))
    .map(([name, value]) => [name, value.to('bfloat16')] as const);
  return model.with({ parameters: new Map(reduced) });
}

/**
 * Whether this machine is faster in bfloat16 on this batch: the quicker of two runs each, after one to warm up. False where
 * the model cannot be run in it: a TorchScript file may have its number type built in.
 */
export function isFasterInBfloat16(model: nn.Model, batch: Tensor, from: number): boolean {
  return scope(() => millisecondsReduced(model, batch, from) < millisecondsOf(model, batch, from));
}

function millisecondsReduced(model: nn.Model, batch: Tensor, from: number): number {
  try {
    return millisecondsOf(inBfloat16(model), batch.to('bfloat16'), from);
  } catch (error) {
    if (error instanceof TorchError && error.code === 'OPERATOR_FAILED') return Number.POSITIVE_INFINITY;
    throw error;
  }
}

const millisecondsOf = (model: nn.Model, batch: Tensor, from: number): number =>
  quickerOfTwo(() => scope(() => noGrad(() => model.call(batch, { from }).output.sum().item())));

/** The largest change that rounding makes to a difference of two logits of one image. */
const largestEffect = (model: nn.Model, batches: readonly Tensor[], reduced: ReducedPrecision): number =>
  Math.max(
    ...batches.map((batch, i) =>
      scope(() =>
        noGrad(() => {
          const logits = model.call(batch, { from: reduced.from }).output;
          const rounded = inBfloat16(model).call(reduced.batches[i] as Tensor, { from: reduced.from }).output;
          const error = rounded.to('float32').sub(logits);
          return error
            .amax({ dim: [1] })
            .sub(error.amin({ dim: [1] }))
            .max()
            .item();
        }),
      ),
    ),
  );
