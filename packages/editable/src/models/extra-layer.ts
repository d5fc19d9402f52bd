/** The extra layer of section 4.3, between the pooling and the last layer: x + W₂ ELU(W₁ x), made to be edited. */
import { nn, type Tensor, tensor, zeros } from '@editable/torch';

/**
 * Hidden units; `standardized`: the dense layers see (x − μ) / σ, with the mean μ of each feature and one deviation σ of all, both
 * fixed. Features after a ReLU have a large mean in common: by it an edit of one input reaches all others. `gain`: W₁ begins so
 * many times as large as PyTorch's default, 1 where it is left out. There W₁ x has a deviation of 0.6, where ELU is nearly a line,
 * and what a line tells apart the layer's inputs tell already.
 */
export type ExtraLayerSize = number | { readonly hidden: number; readonly standardized: true; readonly gain?: number };

/** The width between its two dense layers. */
export const hiddenUnits = (size: ExtraLayerSize): number => (typeof size === 'number' ? size : size.hidden);

/** How many times PyTorch's default W₁ begins as. */
export const gainOf = (size: ExtraLayerSize): number => (typeof size === 'number' ? 1 : (size.gain ?? 1));

const isStandardized = (size: ExtraLayerSize): boolean => typeof size === 'object';

/** Whether a spec's network has an extra layer that sees its inputs standardised. */
export const hasStandardizedExtraLayer = (
  spec: { readonly extra?: ExtraLayerSize } | { readonly kind: 'torchscript' },
): boolean => 'extra' in spec && spec.extra !== undefined && isStandardized(spec.extra);

/** The names of μ and σ among a model's buffers. */
export const standardization = { mean: 'extra.mean', deviation: 'extra.deviation' } as const;

/** [batch, features] → [batch, features]. A new one changes nothing: W₂ and its bias begin at zero. */
export class ExtraLayer extends nn.Module {
  /** μ, [features] */
  readonly mean: nn.Slot | undefined;
  /** σ, a scalar */
  readonly deviation: nn.Slot | undefined;
  readonly expand: nn.Linear;
  readonly contract: nn.Linear;

  constructor(features: number, size: ExtraLayerSize) {
    super();
    const hidden = hiddenUnits(size);
    this.mean = isStandardized(size) ? nn.buffer(zeros([features])) : undefined;
    this.deviation = isStandardized(size) ? nn.buffer(tensor(1)) : undefined;
    const expand = new nn.Linear(features, hidden);
    this.expand = Object.assign(expand, { weight: nn.parameter(expand.weight.initial.mul(gainOf(size))) });
    this.contract = Object.assign(new nn.Linear(hidden, features), {
      weight: nn.parameter(zeros([features, hidden])),
      bias: nn.parameter(zeros([features])),
    });
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    const hidden = this.expand.forward(this.#seen(input, context), context).elu();
    return input.add(this.contract.forward(hidden, context));
  }

  #seen(input: Tensor, context: nn.Context): Tensor {
    const { mean, deviation } = this;
    if (mean === undefined || deviation === undefined) return input;
    return input.sub(context.read(mean)).div(context.read(deviation)).to(input.dtype);
  }
}
