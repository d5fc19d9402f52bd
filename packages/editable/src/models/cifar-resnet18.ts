/**
 * ResNet-18 in its CIFAR form (He et al., 2015; the paper, section 4.1): 3×3 stem, no max-pooling, four chains of two
 * blocks; torchvision's names. Width 64 is the paper's.
 */
import { nn, type Tensor } from '@editable/torch';
import { ExtraLayer } from './extra-layer.js';
import type { NetworkOptions } from './network-options.js';
import { chain, convolution, residualStages } from './residual.js';

export interface CifarResNet18Options extends NetworkOptions {
  readonly width?: number;
}

class CifarResNet18 extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly layer1: nn.Sequential;
  readonly layer2: nn.Sequential;
  readonly layer3: nn.Sequential;
  readonly layer4: nn.Sequential;
  readonly extra: ExtraLayer | undefined;
  readonly fc: nn.Linear;

  constructor({ width = 64, inChannels = 3, classes = 10, extra }: CifarResNet18Options) {
    super();
    const two = (from: number, to: number, stride: number): nn.Sequential =>
      chain(from, to, { blocks: 2, stride, shortcut: 'projection' });
    this.conv1 = convolution(inChannels, width, 3);
    this.bn1 = new nn.BatchNorm2d(width);
    this.layer1 = two(width, width, 1);
    this.layer2 = two(width, 2 * width, 2);
    this.layer3 = two(2 * width, 4 * width, 2);
    this.layer4 = two(4 * width, 8 * width, 2);
    this.extra = extra === undefined ? undefined : new ExtraLayer(8 * width, extra);
    this.fc = new nn.Linear(8 * width, classes);
  }

  override stages(): readonly nn.Stage[] {
    const { layer1, layer2, layer3, layer4, fc, extra } = this;
    return residualStages(this, { layer1, layer2, layer3, layer4 }, { fc }, extra);
  }

  /** Images [batch, channels, height, width] → logits [batch, classes]. */
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

/** The module, initialised from libtorch's random generator. */
export const cifarResNet18 = (options: CifarResNet18Options = {}): nn.Module => new CifarResNet18(options);
