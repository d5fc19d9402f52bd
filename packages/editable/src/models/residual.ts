/** What the residual networks here are made of (He et al., 2015): convolutions without bias, blocks of two, chains. */
import { nn, type Tensor } from '@editable/torch';
import type { ExtraLayer } from './extra-layer.js';
import { headStages, pooled } from './stages.js';

/** Convolution of odd kernel that keeps the size but for its stride, without bias, with torchvision's initialisation for ResNets. */
export function convolution(inChannels: number, outChannels: number, kernelSize: 1 | 3 | 7, stride = 1): nn.Conv2d {
  const padding = (kernelSize - 1) / 2;
  const layer = new nn.Conv2d(inChannels, outChannels, kernelSize, { stride, padding, bias: false });
  const shape = [outChannels, inChannels, kernelSize, kernelSize];
  return Object.assign(layer, { weight: nn.parameter(nn.kaimingNormal(shape, outChannels * kernelSize ** 2)) });
}

/**
 * How a block's input reaches its end where the shape changes: a 1×1 convolution with its normalisation (option B), or
 * every second pixel with zeros for the new channels, half of them on each side (option A; it has no parameters).
 */
export type Shortcut = 'projection' | 'subsampling';

/** Two 3×3 convolutions and a shortcut. */
export class BasicBlock extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly conv2: nn.Conv2d;
  readonly bn2: nn.BatchNorm2d;
  readonly downsample: nn.Sequential | undefined;
  readonly #stride: number;
  readonly #addedChannels: number;

  constructor(inChannels: number, channels: number, stride: number, shortcut: Shortcut) {
    super();
    this.conv1 = convolution(inChannels, channels, 3, stride);
    this.bn1 = new nn.BatchNorm2d(channels);
    this.conv2 = convolution(channels, channels, 3);
    this.bn2 = new nn.BatchNorm2d(channels);
    const same = stride === 1 && inChannels === channels;
    this.downsample =
      same || shortcut === 'subsampling'
        ? undefined
        : new nn.Sequential([convolution(inChannels, channels, 1, stride), new nn.BatchNorm2d(channels)]);
    this.#stride = stride;
    this.#addedChannels = channels - inChannels;
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    const hidden = this.bn1.forward(this.conv1.forward(input, context), context).relu();
    const shortcut = this.downsample?.forward(input, context) ?? this.#subsampled(input);
    return this.bn2.forward(this.conv2.forward(hidden, context), context).add(shortcut).relu();
  }

  #subsampled(input: Tensor): Tensor {
    if (this.#stride === 1 && this.#addedChannels === 0) return input;
    const [step, each] = [this.#stride, this.#addedChannels / 2];
    return input.slice({ dim: 2, step }).slice({ dim: 3, step }).constantPadNd([0, 0, 0, 0, each, each]);
  }
}

export interface ChainOptions {
  readonly blocks: number;
  readonly stride: number;
  readonly shortcut: Shortcut;
}

/** Blocks one after another; the first one changes the shape. */
export const chain = (
  inChannels: number,
  channels: number,
  { blocks, stride, shortcut }: ChainOptions,
): nn.Sequential =>
  new nn.Sequential(
    Array.from({ length: blocks }, (_, i) =>
      i === 0
        ? new BasicBlock(inChannels, channels, stride, shortcut)
        : new BasicBlock(channels, channels, 1, shortcut),
    ),
  );

interface Stem {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly maxpool?: nn.MaxPool2d;
}

/** A residual network's stages: stem, its chains by their names, the extra layer where there is one, head. */
export const residualStages = (
  { conv1, bn1, maxpool }: Stem,
  chains: Readonly<Record<string, nn.Sequential>>,
  head: Readonly<Record<string, nn.Linear>>,
  extra?: ExtraLayer,
): readonly nn.Stage[] => [
  {
    name: 'stem',
    children: ['conv1', 'bn1'],
    forward: (input, context) => {
      const output = bn1.forward(conv1.forward(input, context), context).relu();
      return maxpool?.forward(output) ?? output;
    },
  },
  ...Object.entries(chains).map(
    ([name, each]): nn.Stage => ({
      name,
      children: [name],
      forward: (input, context) => each.forward(input, context),
    }),
  ),
  ...Object.entries(head).flatMap(([name, linear]) => headStages(name, linear, { reduce: pooled, extra })),
];
