/**
 * What one layer contributes to F, by its kind: how its gradient for each example comes from its input and the gradient
 * of its output. Linear and Conv2d have Kronecker factors, normalisations a small dense block.
 */
import { cat, nn, ones, type Tensor, type Tree } from '@editable/torch';
import { EditableError } from '../../errors.js';

/** One layer's edited parameters, at most a weight and a bias. */
export interface LayerBlock {
  readonly layer: nn.AnyModule;
  readonly kind: 'kronecker' | 'dense';
  /** Names in the model; undefined: not edited. */
  readonly weight: string | undefined;
  readonly bias: string | undefined;
}

export const parametersOf = ({ weight, bias }: LayerBlock): readonly string[] =>
  [weight, bias].filter((name) => name !== undefined);

/** The blocks of all edited layers. @throws EditableError NO_CURVATURE naming the parameters that no rule covers */
export function blocksOf(model: nn.Model<Tree>, names: readonly string[]): readonly LayerBlock[] {
  const blocks = knownBlocksOf(model, names);
  const covered = new Set(blocks.flatMap(parametersOf));
  const missing = names.filter((name) => !covered.has(name));
  if (missing.length === 0) return blocks;
  const some = missing.slice(0, 3).join(', ') + (missing.length > 3 ? `, … (${missing.length} in all)` : '');
  throw new EditableError(
    'NO_CURVATURE',
    `curvature: there are no Kronecker factors for ${some}: only Linear, Conv2d, BatchNorm2d and LayerNorm have a rule, outside TorchScript, for weights that no other layer shares. Edit other layers, or use the Jacobian of control inputs, which needs no rule.`,
  );
}

/** The blocks of those edited layers that have a rule, one a layer; a weight that several layers share has none. */
export function knownBlocksOf(model: nn.Model<Tree>, names: readonly string[]): readonly LayerBlock[] {
  const edited = new Set(names);
  const layers = [...new Map(model.layers.map((each) => [each.layer, each])).values()];
  const users = new Map<string, number>();
  for (const name of layers.flatMap(({ parameters }) => [...parameters.values()]))
    users.set(name, (users.get(name) ?? 0) + 1);
  return layers
    .flatMap((layer) => blockOf(layer, edited) ?? [])
    .filter((block) => parametersOf(block).every((name) => users.get(name) === 1));
}

/** The block of one layer for the edited parameters among its own; undefined where none is edited or it has no rule. */
export function blockOf({ layer, parameters }: nn.ModelLayer, edited: ReadonlySet<string>): LayerBlock | undefined {
  const own = (name: string): string | undefined => {
    const found = parameters.get(name);
    return found !== undefined && edited.has(found) ? found : undefined;
  };
  const [weight, bias] = [own('weight'), own('bias')];
  const kind = kindOf(layer);
  return kind === undefined || (weight ?? bias) === undefined ? undefined : { layer, kind, weight, bias };
}

function kindOf(layer: nn.AnyModule): LayerBlock['kind'] | undefined {
  if (layer instanceof nn.Linear || layer instanceof nn.Conv2d) return 'kronecker';
  return layer instanceof nn.BatchNorm2d || layer instanceof nn.LayerNorm ? 'dense' : undefined;
}

/**
 * The vectors that the weight multiplies, one a position: [examples, groups, positions, inputs]. Unfolded patches for a
 * convolution (Grosse & Martens, 2016), with a 1 appended where the bias is edited.
 */
export function positionInputs({ layer, weight, bias }: LayerBlock, input: Tensor): Tensor {
  const vectors = weight === undefined ? undefined : layer instanceof nn.Conv2d ? patches(layer, input) : rowsOf(input);
  if (bias === undefined) return vectors as Tensor;
  const groups = layer instanceof nn.Conv2d ? layer.groups : 1;
  const positions = vectors?.shape[2] ?? positionsOf(layer, input);
  const shape = [input.shape[0] as number, groups, positions, 1];
  const one = ones(shape, { dtype: input.dtype, device: input.device });
  return vectors === undefined ? one : catLast(vectors, one);
}

/** Gradients of the layer's output, one a position: [examples, groups, positions, outputs]. */
export function positionGradients({ layer }: LayerBlock, gradient: Tensor): Tensor {
  if (!(layer instanceof nn.Conv2d)) return rowsOf(gradient);
  const [examples, channels] = gradient.shape as [number, number];
  return gradient.reshape([examples, layer.groups, channels / layer.groups, -1]).transpose(2, 3);
}

/** The gradient for each example of a normalisation's scale and shift, in that order: [examples, edited numbers]. */
export function normalisationGradients(
  { layer, weight, bias }: LayerBlock,
  normalised: Tensor,
  gradient: Tensor,
): Tensor {
  const parts = [
    ...(weight === undefined ? [] : [overPositions(layer, gradient.mul(normalised))]),
    ...(bias === undefined ? [] : [overPositions(layer, gradient)]),
  ];
  return parts.length === 1 ? (parts[0] as Tensor) : catLast(parts[0] as Tensor, parts[1] as Tensor);
}

/** The sum over all positions that share the scale and shift: [examples, features]. */
function overPositions(layer: nn.AnyModule, value: Tensor): Tensor {
  if (layer instanceof nn.BatchNorm2d) return value.sum([2, 3]);
  const features = sizeOf((layer as nn.LayerNorm).weight);
  return value.reshape([value.shape[0] as number, -1, features]).sum([1]);
}

function patches({ kernelSize, dilation, padding, stride, groups }: nn.Conv2d, input: Tensor): Tensor {
  const columns = input
    .contiguous()
    .im2col([kernelSize, kernelSize], [dilation, dilation], [padding, padding], [stride, stride]);
  const [examples, size, positions] = columns.shape as [number, number, number]; // size: channels × kernel²
  return columns.view([examples, groups, size / groups, positions]).transpose(2, 3);
}

/** [examples, ..., features] → [examples, 1, positions, features] */
const rowsOf = (value: Tensor): Tensor =>
  value.reshape([value.shape[0] as number, 1, -1, value.shape.at(-1) as number]);

function positionsOf(layer: nn.AnyModule, input: Tensor): number {
  if (!(layer instanceof nn.Conv2d)) return input.numel / (input.shape[0] as number) / (input.shape.at(-1) as number);
  const along = (size: number): number =>
    Math.floor((size + 2 * layer.padding - layer.dilation * (layer.kernelSize - 1) - 1) / layer.stride) + 1;
  return along(input.shape[2] as number) * along(input.shape[3] as number);
}

const catLast = (first: Tensor, second: Tensor): Tensor => cat([first, second], { dim: -1 });

/**
 * Vectors of a Linear or Conv2d as matrices of outputs by inputs, the bias as a last column: [vectors, groups, outputs,
 * inputs]; of a normalisation side by side: [vectors, numbers].
 */
export function matricesOf(block: LayerBlock, weight: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const count = ((weight ?? bias) as Tensor).shape[0] as number;
  const shape = block.kind === 'dense' ? [count, -1] : [count, groupsOf(block), outputsOf(block), -1];
  const parts = [weight, bias].filter((each) => each !== undefined).map((each) => each.reshape(shape));
  return parts.length === 1 ? (parts[0] as Tensor) : catLast(parts[0] as Tensor, parts[1] as Tensor);
}

/** The inverse of `matricesOf`: the parts for the weight and the bias that are edited, in that order. */
export function vectorsOf(block: LayerBlock, matrices: Tensor): Tensor[] {
  const count = matrices.shape[0] as number;
  const shapes = [slotOf(block, 'weight'), slotOf(block, 'bias')].flatMap((each) => (each ? [each.shape] : []));
  if (shapes.length === 1) return [matrices.reshape([count, ...(shapes[0] as readonly number[])])];
  const last = matrices.shape.at(-1) as number;
  const biasSize = block.kind === 'dense' ? last / 2 : 1;
  const parts = [matrices.narrow(-1, 0, last - biasSize), matrices.narrow(-1, last - biasSize, biasSize)];
  return parts.map((part, i) => part.reshape([count, ...(shapes[i] as readonly number[])]));
}

/** Shapes of the layer's factors: of A and G, or of the one block of a normalisation. */
export function matrixShapes(block: LayerBlock): readonly (readonly number[])[] {
  const [weight, bias] = [slotOf(block, 'weight'), slotOf(block, 'bias')];
  if (block.kind === 'dense') {
    const numbers = (weight === undefined ? 0 : sizeOf(weight)) + (bias === undefined ? 0 : sizeOf(bias));
    return [[numbers, numbers]];
  }
  const [groups, outputs] = [groupsOf(block), outputsOf(block)];
  const inputs = (weight === undefined ? 0 : sizeOf(weight) / (groups * outputs)) + (bias === undefined ? 0 : 1);
  return [
    [groups, inputs, inputs],
    [groups, outputs, outputs],
  ];
}

/** The layer's own place for a tensor where it is edited; its initial value may be freed. */
const slotOf = (block: LayerBlock, name: 'weight' | 'bias'): nn.Slot | undefined =>
  block[name] === undefined ? undefined : (block.layer as nn.Linear)[name];

const sizeOf = ({ shape }: nn.Slot): number => shape.reduce((product, size) => product * size, 1);

const groupsOf = ({ layer }: LayerBlock): number => (layer instanceof nn.Conv2d ? layer.groups : 1);

const outputsOf = (block: LayerBlock): number =>
  ((block.layer as nn.Linear).weight.shape[0] as number) / groupsOf(block);
