/** VGG-16 with batch normalisation (Simonyan & Zisserman, 2015) with torchvision's names. */
import { nn, type Tensor } from '@editable/torch';
import { ExtraLayer } from './extra-layer.js';
import { smallLinear, starting } from './initial-weights.js';
import type { NetworkOptions } from './network-options.js';
import { headStages, sequenceStages } from './stages.js';

/** 3×3, normalised, ReLU. */
function convolution(inChannels: number, outChannels: number): nn.Module[] {
  const layer = new nn.Conv2d(inChannels, outChannels, 3, { padding: 1 });
  const weight = nn.kaimingNormal([outChannels, inChannels, 3, 3], outChannels * 9);
  return [starting(layer, weight), new nn.BatchNorm2d(outChannels), new nn.ReLU()];
}

/** Channels of the convolutions at each resolution; the first one is the stem. */
const blocks = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];
const groups = { 0: 'stem', 7: 'chain-1', 14: 'chain-2', 24: 'chain-3', 34: 'chain-4' };

class Vgg extends nn.Module {
  readonly features: nn.Sequential;
  readonly avgpool: nn.AdaptiveAvgPool2d;
  readonly extra: ExtraLayer | undefined;
  readonly classifier: nn.Sequential;

  constructor({ inChannels = 3, classes = 1000, extra }: NetworkOptions) {
    super();
    let before = inChannels;
    const features = blocks.flatMap((block) => [
      ...block.flatMap((channels) => {
        const layers = convolution(before, channels);
        before = channels;
        return layers;
      }),
      new nn.MaxPool2d(2),
    ]);
    this.features = new nn.Sequential(features);
    this.avgpool = new nn.AdaptiveAvgPool2d(7);
    this.extra = extra === undefined ? undefined : new ExtraLayer(4096, extra);
    const hidden = (size: number): nn.Module[] => [smallLinear(size, 4096), new nn.ReLU(), new nn.Dropout()];
    this.classifier = new nn.Sequential([...hidden(512 * 7 * 7), ...hidden(4096), smallLinear(4096, classes)]);
  }

  override stages(): readonly nn.Stage[] {
    const { features, avgpool, extra } = this;
    const { 6: last, ...hidden } = { ...this.classifier } as Readonly<Record<string, nn.Module>>;
    return [
      ...sequenceStages('features', { ...features, avgpool, flatten: new nn.Flatten() }, groups),
      ...sequenceStages('classifier', hidden),
      ...headStages('classifier.6', last as nn.Module, { reduce: (input) => input, extra }),
    ];
  }

  /** Images [batch, channels, height, width], usually 224 × 224 → logits [batch, classes]. */
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

/** VGG-16 with BatchNorm, 224 × 224 inputs. */
export const vgg16_bn = (options: NetworkOptions = {}): nn.Module => new Vgg(options);
