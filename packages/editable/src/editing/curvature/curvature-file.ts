/** Kronecker factors in a safetensors file, with what they are of: the model's hash, the control data's, the count. */
import { loadSafetensors, type nn, saveSafetensors, scope, type Tensor, type Tree } from '@editable/torch';
import { EditableError } from '../../errors.js';
import type { KroneckerFactors } from './kronecker.js';
import { blocksOf, type LayerBlock, matrixShapes } from './layer-blocks.js';

export interface CurvatureSource {
  /** Hash of the model that the factors are of. */
  readonly model: string;
  /** Hash of the control inputs. */
  readonly control: string;
  /** `3/16`: only this share of them. */
  readonly shard?: string | undefined;
}

export interface KeptFactors extends CurvatureSource {
  readonly factors: KroneckerFactors;
}

const format = 'editable curvature 1';

/** Writes the file whole or not at all. */
export function saveFactors(
  path: string,
  { names, layers, count }: KroneckerFactors,
  { shard, ...source }: CurvatureSource,
): void {
  const tensors = layers.flatMap(({ block, matrices }) =>
    matrices.map((each, i) => [`${nameOf(block)}:${sidesOf(block)[i]}`, each] as const),
  );
  const part = shard === undefined ? {} : { shard };
  const about = { format, ...source, ...part, count: String(count), parameters: JSON.stringify(names) };
  saveSafetensors(path, new Map(tensors), new Map(Object.entries(about)));
}

/**
 * Reads the factors of `model`, whose hash is `hash`.
 *
 * @throws EditableError INVALID_FILE where the file is of another model, or its factors are not finite or do not fit;
 * TorchError INVALID_FILE where it cannot be read
 */
export const loadFactors = (path: string, model: nn.Model<Tree>, hash: string): KeptFactors =>
  scope(() => {
    const { tensors, metadata } = loadSafetensors(path);
    const about = (name: string): string => {
      const value = metadata.get(name);
      if (value === undefined || metadata.get('format') !== format) throw invalid(path, 'is not a file of curvature');
      return value;
    };
    if (about('model') !== hash) throw invalid(path, 'is the curvature of another model');
    const names = namesIn(path, about('parameters'), model);
    const count = Number(about('count'));
    if (!(Number.isInteger(count) && count > 0)) throw invalid(path, 'does not say how many control inputs it is of');
    const layers = blocksOf(model, names).map((block) => ({
      block,
      matrices: matricesIn(path, block, tensors, model),
    }));
    return { factors: { names, layers, count }, model: hash, control: about('control'), shard: metadata.get('shard') };
  });

function matricesIn(
  path: string,
  block: LayerBlock,
  tensors: nn.NamedTensors,
  model: nn.Model<Tree>,
): readonly Tensor[] {
  const { device, dtype } = model.parameters.get(nameOf(block)) as Tensor;
  const shapes = matrixShapes(block);
  return sidesOf(block).map((side, i) => {
    const found = tensors.get(`${nameOf(block)}:${side}`);
    const shape = shapes[i] as readonly number[];
    if (found === undefined) throw invalid(path, `lacks the factors of ${nameOf(block)}`);
    if (found.shape.join() !== shape.join()) {
      const [came, wanted] = [found.shape.join(', '), shape.join(', ')];
      throw invalid(path, `has a factor [${came}] for ${nameOf(block)}, where the layer has [${wanted}]`);
    }
    if (!scope(() => Number.isFinite(found.to('float64').sum().item()))) {
      throw invalid(path, `has numbers that are not finite for ${nameOf(block)}`);
    }
    return found.to({ device, dtype });
  });
}

function namesIn(path: string, text: string, model: nn.Model<Tree>): readonly string[] {
  try {
    const names: unknown = JSON.parse(text);
    if (Array.isArray(names) && names.length > 0 && names.every((name) => model.parameters.has(name as string)))
      return names as string[];
  } catch {
    // said below
  }
  throw invalid(path, 'names parameters that the model does not have');
}

const sidesOf = ({ kind }: LayerBlock): readonly string[] => (kind === 'kronecker' ? ['inputs', 'outputs'] : ['block']);

const nameOf = ({ weight, bias }: LayerBlock): string => (weight ?? bias) as string;

const invalid = (path: string, what: string): EditableError =>
  new EditableError('INVALID_FILE', `${path} ${what}; remove it, or run editable curvature again.`);
