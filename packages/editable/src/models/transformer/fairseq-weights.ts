/** Tensors of fairseq's Transformer checkpoints of any age, under the names that the model here has. */
import type { HostTensor, HostTensors } from '@editable/torch';
import { EditableError } from '../../errors.js';
import type { TransformerOptions } from './options.js';

/**
 * The tensors of a fairseq state dict by this model's names: projections that v0.8.0 keeps in one `in_proj_weight` come
 * apart, what holds no weights is left out, and an output projection that is the embedding again is not given twice.
 */
export function fairseqWeights(weights: HostTensors): HostTensors {
  const named = [...weights].flatMap(([name, value]) => renamed(name, value));
  const found = new Map(named);
  const [input, output] = [found.get(inputName), found.get(outputName)];
  if (input !== undefined && output !== undefined && sameTensor(input, output)) found.delete(outputName);
  return found;
}

const inputName = 'decoder.embed_tokens.weight';
const outputName = 'decoder.output_projection.weight';
/** A position table's dtype marker, and the form of the state dict. */
const withoutWeights = /(^|\.)(version|embed_positions\._float_tensor)$/;
/** How fairseq before 0.7 numbered its normalisations. */
const oldNorms: Readonly<Record<string, readonly string[]>> = {
  encoder: ['self_attn_layer_norm', 'final_layer_norm'],
  decoder: ['self_attn_layer_norm', 'encoder_attn_layer_norm', 'final_layer_norm'],
};

function renamed(name: string, value: HostTensor): [string, HostTensor][] {
  if (withoutWeights.test(name)) return [];
  if (name === 'decoder.embed_out') return [[outputName, value]];
  const joint = /^(.*_attn)\.in_proj_(weight|bias)$/.exec(name);
  if (joint !== null && (value.shape[0] as number) % 3 === 0)
    return thirds(value).map((part, i) => [`${joint[1]}.${'qkv'[i]}_proj.${joint[2]}`, part]);
  const norm = /^((encoder|decoder)\.layers\.\d+)\.layer_norms\.(\d)\.(weight|bias)$/.exec(name);
  const known = norm && oldNorms[norm[2] as string]?.[Number(norm[3])];
  return [[norm && known ? `${norm[1]}.${known}.${norm[4]}` : name, value]];
}

/** Along dimension 0, as views. */
function thirds({ dtype, shape, bytes }: HostTensor): HostTensor[] {
  const size = bytes.byteLength / 3;
  const own = [(shape[0] as number) / 3, ...shape.slice(1)];
  return [0, 1, 2].map((i) => ({ dtype, shape: own, bytes: bytes.subarray(i * size, (i + 1) * size) }));
}

const sameTensor = (a: HostTensor, b: HostTensor): boolean =>
  a.dtype === b.dtype && a.shape.join() === b.shape.join() && Buffer.compare(a.bytes, b.bytes) === 0;

/**
 * The sizes that a checkpoint's tensors tell, of `fairseqWeights`; the number of heads is none of them.
 *
 * @throws EditableError INVALID_FILE where tensors of a Transformer are missing
 */
export function sizesOfWeights(
  weights: HostTensors,
  source: string,
): Required<
  Pick<
    TransformerOptions,
    'sourceVocabulary' | 'targetVocabulary' | 'dim' | 'feedForward' | 'encoderLayers' | 'decoderLayers' | 'tied'
  >
> {
  const tensorOf = (name: string, dimensions: number): HostTensor => {
    const found = weights.get(name);
    if (found?.shape.length === dimensions) return found;
    throw new EditableError(
      'INVALID_FILE',
      `${source} is no checkpoint of a Transformer for translation: expected ${name} with ${dimensions} dimensions, ${found === undefined ? 'which is missing' : `received [${found.shape.join(', ')}]`}.`,
    );
  };
  const [sources, targets] = [tensorOf('encoder.embed_tokens.weight', 2), tensorOf(inputName, 2)];
  const layersOf = (part: string): number =>
    new Set([...weights.keys()].flatMap((name) => new RegExp(`^${part}\\.layers\\.(\\d+)\\.`).exec(name)?.[1] ?? []))
      .size;
  return {
    sourceVocabulary: sources.shape[0] as number,
    targetVocabulary: targets.shape[0] as number,
    dim: sources.shape[1] as number,
    feedForward: tensorOf('decoder.layers.0.fc1.weight', 2).shape[0] as number,
    encoderLayers: layersOf('encoder'),
    decoderLayers: layersOf('decoder'),
    tied: weights.has(outputName) ? 'none' : sameTensor(sources, targets) ? 'all' : 'decoder',
  };
}
