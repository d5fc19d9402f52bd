/** MobileNet V3, large and small (Howard et al., 2019), of width 1 with torchvision's names. */
import { nn, type Tensor } from '@editable/torch';
import { ExtraLayer } from './extra-layer.js';
import { smallLinear, starting } from './initial-weights.js';
import { type ConvolutionOptions, convolution } from './mobile-convolution.js';
import type { NetworkOptions } from './network-options.js';
import { headStages, pooled, sequenceStages } from './stages.js';

type Activation = typeof nn.ReLU | typeof nn.Hardswish;

interface ActivatedOptions extends ConvolutionOptions {
  readonly activation?: Activation | undefined;
}

const normalized = (
  inChannels: number,
  outChannels: number,
  kernelSize: 1 | 3 | 5,
  { activation: Activation, ...options }: ActivatedOptions = {},
): nn.Sequential =>
  new nn.Sequential([
    convolution(inChannels, outChannels, kernelSize, options),
    new nn.BatchNorm2d(outChannels, { eps: 1e-3, momentum: 0.01 }),
    ...(Activation === undefined ? [] : [new Activation()]),
  ]);

/** Every channel times a number between 0 and 1 that all channels' means decide (Hu et al., 2018). */
class SqueezeExcitation extends nn.Module {
  readonly fc1: nn.Conv2d;
  readonly fc2: nn.Conv2d;
  readonly #gate = new nn.Hardsigmoid();

  constructor(channels: number, hidden: number) {
    super();
    this.fc1 = pointwise(channels, hidden);
    this.fc2 = pointwise(hidden, channels);
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    const hidden = this.fc1.forward(input.mean([2, 3], { keepdim: true }), context).relu();
    return input.mul(this.#gate.forward(this.fc2.forward(hidden, context)));
  }
}

const pointwise = (inChannels: number, outChannels: number): nn.Conv2d =>
  starting(new nn.Conv2d(inChannels, outChannels, 1), nn.kaimingNormal([outChannels, inChannels, 1, 1], outChannels));

/** A row of table 1 or 2 of Howard et al. */
interface Row {
  readonly kernel: 3 | 5;
  readonly expanded: number;
  readonly channels: number;
  readonly squeezes: boolean;
  readonly activation: Activation;
  readonly stride: 1 | 2;
}

const row = (
  kernel: Row['kernel'],
  expanded: number,
  channels: number,
  { se: squeezes = false, hs = false, stride = 1 }: { se?: boolean; hs?: boolean; stride?: 1 | 2 } = {},
): Row => ({ kernel, expanded, channels, squeezes, activation: hs ? nn.Hardswish : nn.ReLU, stride });

/** Expanded by a 1×1 convolution, one for each channel alone, its channels weighed, projected; added to an input of its shape. */
class InvertedResidual extends nn.Module {
  readonly block: nn.Sequential;
  readonly #addsInput: boolean;

  constructor(inChannels: number, { kernel, expanded, channels, squeezes, activation, stride }: Row) {
    super();
    this.block = new nn.Sequential([
      ...(expanded === inChannels ? [] : [normalized(inChannels, expanded, 1, { activation })]),
      normalized(expanded, expanded, kernel, { stride, groups: expanded, activation }),
      ...(squeezes ? [new SqueezeExcitation(expanded, divisible(expanded / 4))] : []),
      normalized(expanded, channels, 1),
    ]);
    this.#addsInput = stride === 1 && inChannels === channels;
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    const output = this.block.forward(input, context);
    return this.#addsInput ? input.add(output) : output;
  }
}

/** The nearest multiple of 8 that is no less than nine tenths of it. */
function divisible(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}

interface Variant {
  readonly rows: readonly Row[];
  /** Units of the layer before the last. */
  readonly hidden: number;
  /** By resolution: of 224 × 224 pixels, 112 (small: 56), 56, 28, 14 and 7 a side. */
  readonly groups: Readonly<Record<string, string>>;
}

const large: Variant = {
  rows: [
    row(3, 16, 16),
    row(3, 64, 24, { stride: 2 }),
    row(3, 72, 24),
    row(5, 72, 40, { se: true, stride: 2 }),
    row(5, 120, 40, { se: true }),
    row(5, 120, 40, { se: true }),
    row(3, 240, 80, { hs: true, stride: 2 }),
    row(3, 200, 80, { hs: true }),
    row(3, 184, 80, { hs: true }),
    row(3, 184, 80, { hs: true }),
    row(3, 480, 112, { se: true, hs: true }),
    row(3, 672, 112, { se: true, hs: true }),
    row(5, 672, 160, { se: true, hs: true, stride: 2 }),
    row(5, 960, 160, { se: true, hs: true }),
    row(5, 960, 160, { se: true, hs: true }),
  ],
  hidden: 1280,
  groups: { 0: 'stem', 2: 'chain-1', 4: 'chain-2', 7: 'chain-3', 13: 'chain-4' },
};

const small: Variant = {
  rows: [
    row(3, 16, 16, { se: true, stride: 2 }),
    row(3, 72, 24, { stride: 2 }),
    row(3, 88, 24),
    row(5, 96, 40, { se: true, hs: true, stride: 2 }),
    row(5, 240, 40, { se: true, hs: true }),
    row(5, 240, 40, { se: true, hs: true }),
    row(5, 120, 48, { se: true, hs: true }),
    row(5, 144, 48, { se: true, hs: true }),
    row(5, 288, 96, { se: true, hs: true, stride: 2 }),
    row(5, 576, 96, { se: true, hs: true }),
    row(5, 576, 96, { se: true, hs: true }),
  ],
  hidden: 1024,
  groups: { 0: 'stem', 1: 'chain-1', 2: 'chain-2', 4: 'chain-3', 9: 'chain-4' },
};

class MobileNetV3 extends nn.Module {
  readonly features: nn.Sequential;
  readonly extra: ExtraLayer | undefined;
  readonly classifier: nn.Sequential;
  readonly #groups: Variant['groups'];

  constructor({ rows, hidden, groups }: Variant, { inChannels = 3, classes = 1000, extra }: NetworkOptions) {
    super();
    this.#groups = groups;
    const activation = nn.Hardswish;
    const features: nn.Module[] = [normalized(inChannels, 16, 3, { stride: 2, activation })];
    let before = 16;
    for (const row of rows) {
      features.push(new InvertedResidual(before, row));
      before = row.channels;
    }
    const last = 6 * before;
    this.features = new nn.Sequential([...features, normalized(before, last, 1, { activation })]);
    this.extra = extra === undefined ? undefined : new ExtraLayer(hidden, extra);
    const first = [smallLinear(last, hidden), new nn.Hardswish(), new nn.Dropout(0.2)];
    this.classifier = new nn.Sequential([...first, smallLinear(hidden, classes)]);
  }

  override stages(): readonly nn.Stage[] {
    const { 3: last, ...hidden } = { ...this.classifier } as Readonly<Record<string, nn.Module>>;
    return [
      ...sequenceStages('features', { ...this.features, pool: new Pool() }, this.#groups),
      ...sequenceStages('classifier', hidden),
      ...headStages('classifier.3', last as nn.Module, { reduce: (input) => input, extra: this.extra }),
    ];
  }

  /** Images [batch, channels, height, width], usually 224 × 224 → logits [batch, classes]. */
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

class Pool extends nn.Module {
  override forward(input: Tensor): Tensor {
    return pooled(input);
  }
}

/** MobileNet V3 large of width 1, 224 × 224 inputs. */
export const mobilenet_v3_large = (options: NetworkOptions = {}): nn.Module => new MobileNetV3(large, options);

/** MobileNet V3 small of width 1, 224 × 224 inputs. */
export const mobilenet_v3_small = (options: NetworkOptions = {}): nn.Module => new MobileNetV3(small, options);
