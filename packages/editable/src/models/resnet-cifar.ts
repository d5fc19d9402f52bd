/**
 * The ResNets of He et al. (2015), section 4.2: 6n + 2 layers, three chains of n blocks with 16, 32 and 64 channels,
 * shortcuts without parameters. Names as in the published CIFAR-10 checkpoints; the last layer is `linear`.
 */
import { nn, type Tensor } from '@editable/torch';
import { ExtraLayer } from './extra-layer.js';
import type { NetworkOptions } from './network-options.js';
import { chain, convolution, residualStages } from './residual.js';

class CifarResNet extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly layer1: nn.Sequential;
  readonly layer2: nn.Sequential;
  readonly layer3: nn.Sequential;
  readonly extra: ExtraLayer | undefined;
  readonly linear: nn.Linear;

  constructor(depth: number, { inChannels = 3, classes = 10, extra }: NetworkOptions) {
    super();
    const blocks = (depth - 2) / 6;
    const shortcut = 'subsampling';
    this.conv1 = convolution(inChannels, 16, 3);
    this.bn1 = new nn.BatchNorm2d(16);
    this.layer1 = chain(16, 16, { blocks, stride: 1, shortcut });
    this.layer2 = chain(16, 32, { blocks, stride: 2, shortcut });
    this.layer3 = chain(32, 64, { blocks, stride: 2, shortcut });
    this.extra = extra === undefined ? undefined : new ExtraLayer(64, extra);
    this.linear = new nn.Linear(64, classes);
  }

  override stages(): readonly nn.Stage[] {
    const { layer1, layer2, layer3, linear, extra } = this;
    return residualStages(this, { layer1, layer2, layer3 }, { linear }, extra);
  }

  /** Images [batch, channels, height, width] → logits [batch, classes]. */
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

/** ResNet-20 for 32 × 32 inputs: three chains of 3 blocks. */
export const resnet20 = (options: NetworkOptions = {}): nn.Module => new CifarResNet(20, options);
/** ResNet-32 for 32 × 32 inputs: three chains of 5 blocks. */
export const resnet32 = (options: NetworkOptions = {}): nn.Module => new CifarResNet(32, options);
/** ResNet-44 for 32 × 32 inputs: three chains of 7 blocks. */
export const resnet44 = (options: NetworkOptions = {}): nn.Module => new CifarResNet(44, options);
/** ResNet-56 for 32 × 32 inputs: three chains of 9 blocks. */
export const resnet56 = (options: NetworkOptions = {}): nn.Module => new CifarResNet(56, options);
/** ResNet-110 for 32 × 32 inputs: three chains of 18 blocks. */
export const resnet110 = (options: NetworkOptions = {}): nn.Module => new CifarResNet(110, options);
