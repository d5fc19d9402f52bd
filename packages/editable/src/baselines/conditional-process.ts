/**
 * Editable+CNP (section 4.1, after Garnelo et al., 2018): an edit adds a condition to the activations after one stage of
 * the model, for every later input; one residual block, the encoder, computes it from the edited input's activations plus
 * an embedding of the target class. With a condition of zero the model is the plain one.
 */
import {
  loadSafetensors,
  manualSeed,
  modelOf,
  nn,
  noGrad,
  ones,
  saveSafetensors,
  scope,
  type Tensor,
  zeros,
} from '@editable/torch';
import type { ImageShape } from '../data/index.js';
import { checkLabel } from '../editing/constraints/classification.js';
import { EditableError } from '../errors.js';
import { withWeights } from '../models/load-weights.js';
import { onDevice } from '../models/registry.js';
import { BasicBlock } from '../models/residual.js';

export interface ConditionalProcess {
  readonly model: nn.Model;
  /** Activations after the stage, with the target's embedding added → the condition, of the same shape. */
  readonly encoder: nn.Model;
  /** Name of the stage after which the condition is added. */
  readonly after: string;
}

/** Where conditions begin, as a share of the block's output: near the plain model, and not at its zero gradient. */
const initialGain = 0.1;

/** Its batch normalisation stays at mean 0 and variance 1, an affine layer: an edit is a batch of one image. */
class ConditionEncoder extends nn.Module {
  readonly embedding: nn.Embedding;
  readonly block: BasicBlock;
  /** One number a channel: a block ends in a ReLU, and a condition must be able to subtract. */
  readonly gain: nn.Slot;

  constructor(channels: number, classes: number) {
    super();
    this.embedding = new nn.Embedding(classes, channels);
    this.block = new BasicBlock(channels, channels, 1, 'projection');
    this.gain = nn.parameter(ones([channels, 1, 1]).mul(initialGain));
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.block.forward(input, { ...context, training: false }).mul(context.read(this.gain));
  }
}

export interface ConditionalProcessOptions {
  /** Of the images, without the batch. */
  readonly shape: ImageShape;
  /** Default: 'layer3', the third chain. */
  readonly after?: string;
  readonly seed?: number;
}

/** A fresh encoder for a model. @throws EditableError UNKNOWN_LAYER for a stage that the model has not, or its last one */
export function createConditionalProcess(
  model: nn.Model,
  { shape, after = 'layer3', seed = 0 }: ConditionalProcessOptions,
): ConditionalProcess {
  const stage = stageAfter(model, after);
  manualSeed(seed);
  const encoder = scope(() => {
    const device = [...model.parameters.values()][0]?.device ?? 'cpu';
    const activations = noGrad(() => model.call(zeros([1, ...shape], { device }), { to: stage }).output);
    const classes = noGrad(() => model.call(activations, { from: stage }).output.shape[1] as number);
    const fresh = modelOf(new ConditionEncoder(activations.shape[1] as number, classes));
    return nn.channelsLast(onDevice(fresh, device));
  });
  return { model, encoder, after };
}

/** The number of the stage that receives activations and condition. */
export function stageAfter(model: nn.Model, after: string): number {
  const at = model.stages.findIndex(({ name }) => name === after);
  if (at >= 0 && at < model.stages.length - 1) return at + 1;
  const known = model.stages.slice(0, -1).map(({ name }) => name);
  throw new EditableError(
    'UNKNOWN_LAYER',
    `after: expected a stage with another one behind it (${known.join(', ') || 'this model has none'}), received "${after}".`,
  );
}

/** The condition that makes an input with these activations [1, channels, height, width] be of class `target`. */
export function conditionOf(
  encoder: nn.Model,
  activations: Tensor,
  target: number,
  parameters: nn.NamedTensors = encoder.parameters,
): Tensor {
  const embeddings = parameters.get('embedding.weight') as Tensor;
  checkLabel(target, embeddings.shape[0] as number);
  const row = embeddings.narrow(0, target, 1).unsqueeze(2).unsqueeze(3); // [1, channels, 1, 1]
  return encoder.call(activations.add(row), { parameters }).output;
}

/** The model with `condition` added to what stage `at` receives; everything else is shared. */
export const conditioned = (model: nn.Model, at: number, condition: Tensor): nn.Model => ({
  parameters: model.parameters,
  buffers: model.buffers,
  stages: model.stages,
  layers: model.layers,
  call(input, options = {}) {
    const { from = 0, to = model.stages.length } = options;
    if (from > at || to <= at) return model.call(input, options);
    const before = model.call(input, { ...options, to: at });
    const received = before.output.add(condition.to(before.output.dtype));
    const rest = model.call(received, { ...options, from: at });
    return { output: rest.output, buffers: new Map([...before.buffers, ...rest.buffers]) };
  },
  with: (changes) => conditioned(model.with(changes), at, condition),
});

/** Writes the encoder, whole or not at all; the model is saved apart. */
export const saveConditionEncoder = (path: string, { encoder, after }: ConditionalProcess): void =>
  saveSafetensors(
    path,
    new Map([...encoder.parameters, ...encoder.buffers]),
    new Map([
      ['format', fileFormat],
      ['after', after],
    ]),
  );

/**
 * The process of a model with an encoder that `saveConditionEncoder` wrote.
 *
 * @throws EditableError INVALID_FILE where the file is something else, or of another model; TorchError INVALID_FILE.
 */
export function loadConditionEncoder(
  path: string,
  model: nn.Model,
  { shape }: Pick<ConditionalProcessOptions, 'shape'>,
): ConditionalProcess {
  return scope(() => {
    const { tensors, metadata } = loadSafetensors(path);
    const after = metadata.get('after');
    if (metadata.get('format') !== fileFormat || after === undefined) {
      throw new EditableError('INVALID_FILE', `cannot use ${path} as a condition encoder: it is some other file.`);
    }
    const process = createConditionalProcess(model, { shape, after });
    return { ...process, encoder: nn.channelsLast(withWeights(process.encoder, tensors, path)) };
  });
}

const fileFormat = 'editable-condition-encoder';
