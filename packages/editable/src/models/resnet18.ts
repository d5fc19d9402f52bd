/**
 * ResNet-18 in its CIFAR form (He et al., 2015; the paper, section 4.1): 3×3 stem, no max-pooling, four chains of two
 * blocks; torchvision's names. Width 64 is the paper's.
 */
import { nn, type Tensor } from '@editable/torch';

export interface ResNetOptions {
  readonly width?: number;
  readonly inChannels?: number;
  readonly classes?: number;
}

/** 3×3 or 1×1 convolution without bias, with torchvision's initialisation for ResNets. */
export function convolution(inChannels: number, outChannels: number, kernelSize: 1 | 3, stride = 1): nn.Conv2d {
  const padding = kernelSize === 3 ? 1 : 0;
  const layer = new nn.Conv2d(inChannels, outChannels, kernelSize, { stride, padding, bias: false });
  const shape = [outChannels, inChannels, kernelSize, kernelSize];
  return Object.assign(layer, { weight: nn.parameter(nn.kaimingNormalFanOut(shape, outChannels * kernelSize ** 2)) });
}

/** Two 3×3 convolutions and a shortcut. */
export class BasicBlock extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly conv2: nn.Conv2d;
  readonly bn2: nn.BatchNorm2d;
  readonly downsample: nn.Sequential | undefined;

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    this.conv1 = convolution(inChannels, channels, 3, stride);
    this.bn1 = new nn.BatchNorm2d(channels);
    this.conv2 = convolution(channels, channels, 3);
    this.bn2 = new nn.BatchNorm2d(channels);
    const same = stride === 1 && inChannels === channels;
    this.downsample = same
      ? undefined
      : new nn.Sequential([convolution(inChannels, channels, 1, stride), new nn.BatchNorm2d(channels)]);
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    const hidden = this.bn1.forward(this.conv1.forward(input, context), context).relu();
    const shortcut = this.downsample?.forward(input, context) ?? input;
    return this.bn2.forward(this.conv2.forward(hidden, context), context).add(shortcut).relu();
  }
}

class ResNet18 extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly layer1: nn.Sequential;
  readonly layer2: nn.Sequential;
  readonly layer3: nn.Sequential;
  readonly layer4: nn.Sequential;
  readonly fc: nn.Linear;

  constructor({ width = 64, inChannels = 3, classes = 10 }: ResNetOptions) {
    super();
    this.conv1 = convolution(inChannels, width, 3);
    this.bn1 = new nn.BatchNorm2d(width);
    this.layer1 = chain(width, width, 1);
    this.layer2 = chain(width, 2 * width, 2);
    this.layer3 = chain(2 * width, 4 * width, 2);
    this.layer4 = chain(4 * width, 8 * width, 2);
    this.fc = new nn.Linear(8 * width, classes);
  }

  override stages(): readonly nn.Stage[] {
    const chainStage = (name: 'layer1' | 'layer2' | 'layer3' | 'layer4'): nn.Stage => ({
      name,
      children: [name],
      forward: (input, context) => this[name].forward(input, context),
    });
    return [
      {
        name: 'stem',
        children: ['conv1', 'bn1'],
        forward: (input, context) => this.bn1.forward(this.conv1.forward(input, context), context).relu(),
      },
      chainStage('layer1'),
      chainStage('layer2'),
      chainStage('layer3'),
      chainStage('layer4'),
      { name: 'head', children: ['fc'], forward: (input, context) => this.fc.forward(input.mean([2, 3]), context) },
    ];
  }

  /** Images [batch, channels, height, width] → logits [batch, classes]. */
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

const chain = (inChannels: number, channels: number, stride: number): nn.Sequential =>
  new nn.Sequential([new BasicBlock(inChannels, channels, stride), new BasicBlock(channels, channels, 1)]);

/** The module, initialised from libtorch's random generator. */
export const resnet18 = (options: ResNetOptions = {}): nn.Module => new ResNet18(options);
