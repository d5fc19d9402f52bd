/** SqueezeNet 1.0 and 1.1 (Iandola et al., 2016) with torchvision's names. Its last layer is a convolution before the pooling. */
import { cat, nn, randn, type Tensor } from '@editable/torch';
import { ExtraLayer } from './extra-layer.js';
import { starting } from './initial-weights.js';
import type { NetworkOptions } from './network-options.js';
import { extraStage, sequenceStages } from './stages.js';

/** Biased; Kaiming's uniform distribution for ReLU: U(−√(6 / fan), √(6 / fan)). */
function convolution(inChannels: number, outChannels: number, kernelSize: 1 | 3 | 7, options = {}): nn.Conv2d {
  const bound = Math.sqrt(6 / (inChannels * kernelSize ** 2));
  const weight = nn.uniformBound([outChannels, inChannels, kernelSize, kernelSize], bound);
  return starting(new nn.Conv2d(inChannels, outChannels, kernelSize, options), weight);
}

/** Few channels, then 1×1 and 3×3 convolutions of them side by side. */
class Fire extends nn.Module {
  readonly squeeze: nn.Conv2d;
  readonly expand1x1: nn.Conv2d;
  readonly expand3x3: nn.Conv2d;

  constructor(inChannels: number, squeezed: number, expanded: number) {
    super();
    this.squeeze = convolution(inChannels, squeezed, 1);
    this.expand1x1 = convolution(squeezed, expanded, 1);
    this.expand3x3 = convolution(squeezed, expanded, 3, { padding: 1 });
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    const squeezed = this.squeeze.forward(input, context).relu();
    const [one, three] = [this.expand1x1.forward(squeezed, context), this.expand3x3.forward(squeezed, context)];
    return cat([one.relu(), three.relu()], { dim: 1 });
  }
}

interface Version {
  readonly stem: { readonly channels: number; readonly kernelSize: 3 | 7 };
  /** Channels that each Fire squeezes to, and a quarter of those that leave it; 'pool' halves the resolution. */
  readonly rest: readonly (readonly [squeezed: number, expanded: number] | 'pool')[];
  readonly groups: Readonly<Record<string, string>>;
}

const version10: Version = {
  stem: { channels: 96, kernelSize: 7 },
  rest: ['pool', [16, 64], [16, 64], [32, 128], 'pool', [32, 128], [48, 192], [48, 192], [64, 256], 'pool', [64, 256]],
  groups: { 0: 'stem', 3: 'chain-1', 7: 'chain-2', 12: 'chain-3' },
};

const version11: Version = {
  stem: { channels: 64, kernelSize: 3 },
  rest: ['pool', [16, 64], [16, 64], 'pool', [32, 128], [32, 128], 'pool', [48, 192], [48, 192], [64, 256], [64, 256]],
  groups: { 0: 'stem', 3: 'chain-1', 6: 'chain-2', 9: 'chain-3' },
};

class SqueezeNet extends nn.Module {
  readonly features: nn.Sequential;
  readonly classifier: nn.Sequential;
  readonly extra: ExtraLayer | undefined;
  readonly #groups: Version['groups'];

  constructor({ stem, rest, groups }: Version, { inChannels = 3, classes = 1000, extra }: NetworkOptions) {
    super();
    const features: nn.Module[] = [
      convolution(inChannels, stem.channels, stem.kernelSize, { stride: 2 }),
      new nn.ReLU(),
    ];
    let { channels } = stem;
    for (const each of rest) {
      if (each === 'pool') {
        features.push(new nn.MaxPool2d(3, { stride: 2, ceilMode: true }));
        continue;
      }
      const [squeezed, expanded] = each;
      features.push(new Fire(channels, squeezed, expanded));
      channels = 2 * expanded;
    }
    this.features = new nn.Sequential(features);
    const last = starting(new nn.Conv2d(channels, classes, 1), randn([classes, channels, 1, 1]).mul(0.01));
    this.classifier = new nn.Sequential([new nn.Dropout(), last, new nn.ReLU(), new nn.AdaptiveAvgPool2d(1)]);
    this.extra = extra === undefined ? undefined : new ExtraLayer(classes, extra);
    this.#groups = groups;
  }

  override stages(): readonly nn.Stage[] {
    const { features, classifier, extra } = this;
    const head: nn.Stage = {
      name: 'head',
      children: ['classifier'],
      forward: (input, context) => classifier.forward(input, context).flatten({ startDim: 1 }),
    };
    const after = extra === undefined ? [] : [extraStage(extra, (logits) => logits)];
    return [...sequenceStages('features', { ...features }, this.#groups), head, ...after];
  }

  /** Images [batch, channels, height, width], usually 224 × 224 → logits [batch, classes]. */
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

/** SqueezeNet 1.0, 224 × 224 inputs. */
export const squeezenet1_0 = (options: NetworkOptions = {}): nn.Module => new SqueezeNet(version10, options);
/** SqueezeNet 1.1: 1.0's accuracy for less than half of its operations, 224 × 224 inputs. */
export const squeezenet1_1 = (options: NetworkOptions = {}): nn.Module => new SqueezeNet(version11, options);
