/** The ResNets of ImageNet (He et al., 2015) with torchvision's names; its ResNet-50 has the stride in the 3×3 convolution. */
import { nn, type Tensor } from '@editable/torch';
import { ExtraLayer } from './extra-layer.js';
import type { NetworkOptions } from './network-options.js';
import { BasicBlock, convolution, residualStages } from './residual.js';

/** 1×1, 3×3 and 1×1 convolutions and a shortcut; four times the channels leave it. */
class Bottleneck extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly conv2: nn.Conv2d;
  readonly bn2: nn.BatchNorm2d;
  readonly conv3: nn.Conv2d;
  readonly bn3: nn.BatchNorm2d;
  readonly downsample: nn.Sequential | undefined;

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    const outChannels = 4 * channels;
    this.conv1 = convolution(inChannels, channels, 1);
    this.bn1 = new nn.BatchNorm2d(channels);
    this.conv2 = convolution(channels, channels, 3, stride);
    this.bn2 = new nn.BatchNorm2d(channels);
    this.conv3 = convolution(channels, outChannels, 1);
    this.bn3 = new nn.BatchNorm2d(outChannels);
    this.downsample =
      stride === 1 && inChannels === outChannels
        ? undefined
        : new nn.Sequential([convolution(inChannels, outChannels, 1, stride), new nn.BatchNorm2d(outChannels)]);
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    const narrow = this.bn1.forward(this.conv1.forward(input, context), context).relu();
    const hidden = this.bn2.forward(this.conv2.forward(narrow, context), context).relu();
    const shortcut = this.downsample?.forward(input, context) ?? input;
    return this.bn3.forward(this.conv3.forward(hidden, context), context).add(shortcut).relu();
  }
}

interface Depth {
  /** Of the four chains. */
  readonly blocks: readonly [number, number, number, number];
  readonly block: 'basic' | 'bottleneck';
}

class ResNet extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly maxpool: nn.MaxPool2d;
  readonly layer1: nn.Sequential;
  readonly layer2: nn.Sequential;
  readonly layer3: nn.Sequential;
  readonly layer4: nn.Sequential;
  readonly extra: ExtraLayer | undefined;
  readonly fc: nn.Linear;

  constructor({ blocks, block }: Depth, { inChannels = 3, classes = 1000, extra }: NetworkOptions) {
    super();
    const expansion = block === 'basic' ? 1 : 4;
    const make = (from: number, channels: number, stride: number): nn.Module =>
      block === 'basic' ? new BasicBlock(from, channels, stride, 'projection') : new Bottleneck(from, channels, stride);
    const chain = (from: number, channels: number, count: number, stride: number): nn.Sequential =>
      new nn.Sequential(
        Array.from({ length: count }, (_, i) =>
          i === 0 ? make(from, channels, stride) : make(expansion * channels, channels, 1),
        ),
      );
    this.conv1 = convolution(inChannels, 64, 7, 2);
    this.bn1 = new nn.BatchNorm2d(64);
    this.maxpool = new nn.MaxPool2d(3, { stride: 2, padding: 1 });
    this.layer1 = chain(64, 64, blocks[0], 1);
    this.layer2 = chain(64 * expansion, 128, blocks[1], 2);
    this.layer3 = chain(128 * expansion, 256, blocks[2], 2);
    this.layer4 = chain(256 * expansion, 512, blocks[3], 2);
    this.extra = extra === undefined ? undefined : new ExtraLayer(512 * expansion, extra);
    this.fc = new nn.Linear(512 * expansion, classes);
  }

  override stages(): readonly nn.Stage[] {
    const { layer1, layer2, layer3, layer4, fc, extra } = this;
    return residualStages(this, { layer1, layer2, layer3, layer4 }, { fc }, extra);
  }

  /** Images [batch, channels, height, width], usually 224 × 224 → logits [batch, classes]. */
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

/** ResNet-18: 2, 2, 2 and 2 basic blocks, 224 × 224 inputs. */
export const resnet18 = (options: NetworkOptions = {}): nn.Module =>
  new ResNet({ blocks: [2, 2, 2, 2], block: 'basic' }, options);
/** ResNet-34: 3, 4, 6 and 3 basic blocks, 224 × 224 inputs. */
export const resnet34 = (options: NetworkOptions = {}): nn.Module =>
  new ResNet({ blocks: [3, 4, 6, 3], block: 'basic' }, options);
/** ResNet-50: 3, 4, 6 and 3 bottlenecks, 224 × 224 inputs. */
export const resnet50 = (options: NetworkOptions = {}): nn.Module =>
  new ResNet({ blocks: [3, 4, 6, 3], block: 'bottleneck' }, options);
