/** MobileNet V2 (Sandler et al., 2018) of width 1 with torchvision's names. */
import { nn, type Tensor } from '@editable/torch';
import { ExtraLayer } from './extra-layer.js';
import { smallLinear } from './initial-weights.js';
import { convolution } from './mobile-convolution.js';
import type { NetworkOptions } from './network-options.js';
import { headStages, pooled, sequenceStages } from './stages.js';

const activated = (...layer: Parameters<typeof convolution>): nn.Sequential =>
  new nn.Sequential([convolution(...layer), new nn.BatchNorm2d(layer[1]), new nn.ReLU6()]);

/** Expanded by a 1×1 convolution, a 3×3 one for each channel alone, projected; added to the input where it has its shape. */
class InvertedResidual extends nn.Module {
  readonly conv: nn.Sequential;
  readonly #addsInput: boolean;

  constructor(inChannels: number, outChannels: number, stride: number, expansion: number) {
    super();
    const hidden = inChannels * expansion;
    this.conv = new nn.Sequential([
      ...(expansion === 1 ? [] : [activated(inChannels, hidden, 1)]),
      activated(hidden, hidden, 3, { stride, groups: hidden }),
      convolution(hidden, outChannels, 1),
      new nn.BatchNorm2d(outChannels),
    ]);
    this.#addsInput = stride === 1 && inChannels === outChannels;
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    const output = this.conv.forward(input, context);
    return this.#addsInput ? input.add(output) : output;
  }
}

/** Table 2 of Sandler et al.; the first block of a row has the stride. */
const rows = [
  { expansion: 1, channels: 16, blocks: 1, stride: 1 },
  { expansion: 6, channels: 24, blocks: 2, stride: 2 },
  { expansion: 6, channels: 32, blocks: 3, stride: 2 },
  { expansion: 6, channels: 64, blocks: 4, stride: 2 },
  { expansion: 6, channels: 96, blocks: 3, stride: 1 },
  { expansion: 6, channels: 160, blocks: 3, stride: 2 },
  { expansion: 6, channels: 320, blocks: 1, stride: 1 },
];

/** By resolution: of 224 × 224 pixels, 112, 56, 28, 14 and 7 a side. */
const groups = { 0: 'stem', 2: 'chain-1', 4: 'chain-2', 7: 'chain-3', 14: 'chain-4' };

class MobileNetV2 extends nn.Module {
  readonly features: nn.Sequential;
  readonly extra: ExtraLayer | undefined;
  readonly classifier: nn.Sequential;

  constructor({ inChannels = 3, classes = 1000, extra }: NetworkOptions) {
    super();
    const features: nn.Module[] = [activated(inChannels, 32, 3, { stride: 2 })];
    let before = 32;
    for (const { expansion, channels, blocks, stride } of rows) {
      for (let i = 0; i < blocks; i++) {
        features.push(new InvertedResidual(before, channels, i === 0 ? stride : 1, expansion));
        before = channels;
      }
    }
    this.features = new nn.Sequential([...features, activated(before, 1280, 1)]);
    this.extra = extra === undefined ? undefined : new ExtraLayer(1280, extra);
    this.classifier = new nn.Sequential([new nn.Dropout(0.2), smallLinear(1280, classes)]);
  }

  override stages(): readonly nn.Stage[] {
    const { features, extra, classifier } = this;
    return [
      ...sequenceStages('features', { ...features }, groups),
      ...headStages('classifier', classifier, { reduce: pooled, extra }),
    ];
  }

  /** Images [batch, channels, height, width], usually 224 × 224 → logits [batch, classes]. */
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

/** MobileNet V2 of width 1, 224 × 224 inputs. */
export const mobilenet_v2 = (options: NetworkOptions = {}): nn.Module => new MobileNetV2(options);
