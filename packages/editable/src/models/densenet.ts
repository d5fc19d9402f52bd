/** DenseNet-BC of growth 32 (Huang et al., 2017) with torchvision's names: the paper's network for ImageNet is DenseNet-169. */
import { cat, nn, type Tensor } from '@editable/torch';
import { ExtraLayer } from './extra-layer.js';
import { starting } from './initial-weights.js';
import type { NetworkOptions } from './network-options.js';
import { headStages, pooled, sequenceStages } from './stages.js';

const growth = 32;

/** No bias; initialised by what enters it, as DenseNet's are. */
function convolution(inChannels: number, outChannels: number, kernelSize: 1 | 3 | 7, stride = 1): nn.Conv2d {
  const padding = (kernelSize - 1) / 2;
  const layer = new nn.Conv2d(inChannels, outChannels, kernelSize, { stride, padding, bias: false });
  const shape = [outChannels, inChannels, kernelSize, kernelSize];
  return starting(layer, nn.kaimingNormal(shape, inChannels * kernelSize ** 2));
}

/** [batch, channels, height, width] → the same with `growth` channels more. */
class DenseLayer extends nn.Module {
  readonly norm1: nn.BatchNorm2d;
  readonly conv1: nn.Conv2d;
  readonly norm2: nn.BatchNorm2d;
  readonly conv2: nn.Conv2d;

  constructor(inChannels: number) {
    super();
    this.norm1 = new nn.BatchNorm2d(inChannels);
    this.conv1 = convolution(inChannels, 4 * growth, 1);
    this.norm2 = new nn.BatchNorm2d(4 * growth);
    this.conv2 = convolution(4 * growth, growth, 3);
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    const narrow = this.conv1.forward(this.norm1.forward(input, context).relu(), context);
    const added = this.conv2.forward(this.norm2.forward(narrow, context).relu(), context);
    return cat([input, added], { dim: 1 });
  }
}

const denseBlock = (inChannels: number, layers: number): nn.Sequential =>
  new nn.Sequential(
    Object.fromEntries(
      Array.from({ length: layers }, (_, i) => [`denselayer${i + 1}`, new DenseLayer(inChannels + i * growth)]),
    ),
  );

/** Half the channels at half the resolution. */
const transition = (channels: number): nn.Sequential =>
  new nn.Sequential({
    norm: new nn.BatchNorm2d(channels),
    relu: new nn.ReLU(),
    conv: convolution(channels, channels / 2, 1),
    pool: new nn.AvgPool2d(2),
  });

const groups = {
  conv0: 'stem',
  denseblock1: 'chain-1',
  denseblock2: 'chain-2',
  denseblock3: 'chain-3',
  denseblock4: 'chain-4',
};

class DenseNet extends nn.Module {
  readonly features: nn.Sequential;
  readonly extra: ExtraLayer | undefined;
  readonly classifier: nn.Linear;

  constructor(layers: readonly number[], { inChannels = 3, classes = 1000, extra }: NetworkOptions) {
    super();
    const features: Record<string, nn.Module> = {
      conv0: convolution(inChannels, 64, 7, 2),
      norm0: new nn.BatchNorm2d(64),
      relu0: new nn.ReLU(),
      pool0: new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
    };
    let channels = 64;
    for (const [i, count] of layers.entries()) {
      features[`denseblock${i + 1}`] = denseBlock(channels, count);
      channels += count * growth;
      if (i === layers.length - 1) break;
      features[`transition${i + 1}`] = transition(channels);
      channels /= 2;
    }
    this.features = new nn.Sequential({ ...features, norm5: new nn.BatchNorm2d(channels) });
    this.extra = extra === undefined ? undefined : new ExtraLayer(channels, extra);
    this.classifier = new nn.Linear(channels, classes);
    this.classifier.bias?.initial.zero_();
  }

  override stages(): readonly nn.Stage[] {
    const { features, extra, classifier } = this;
    const reduce = (input: Tensor): Tensor => pooled(input.relu());
    return [
      ...sequenceStages('features', { ...features }, groups),
      ...headStages('classifier', classifier, { reduce, extra }),
    ];
  }

  /** Images [batch, channels, height, width], usually 224 × 224 → logits [batch, classes]. */
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

/** DenseNet-121: dense blocks of 6, 12, 24, 16 layers, 224 × 224 inputs. */
export const densenet121 = (options: NetworkOptions = {}): nn.Module => new DenseNet([6, 12, 24, 16], options);
/** DenseNet-169: dense blocks of 6, 12, 32, 32 layers, 224 × 224 inputs. */
export const densenet169 = (options: NetworkOptions = {}): nn.Module => new DenseNet([6, 12, 32, 32], options);
