/** The table of Transformers: their published sizes, and models of them. */
import { type Device, manualSeed, modelOf, scope } from '@editable/torch';
import { EditableError } from '../../errors.js';
import { checkTransformer, iwsltSizes, type TransformerOptions, type TransformerSizes } from './options.js';
import { Transformer, type TranslationModel } from './transformer.js';

export const transformerNames = ['transformer_iwslt_de_en'] as const;

export type TransformerName = (typeof transformerNames)[number];

export interface TransformerNetwork {
  /** Where a spec gives no other. */
  readonly sizes: TransformerSizes;
  /** What edits change unless told, the last decoder layer (section 4.4), of a network of these sizes. */
  readonly usualLayers: (sizes: TransformerSizes) => string;
  /** What the natural editor changes unless told. */
  readonly naturalLayers: string;
}

export const transformers: Readonly<Record<TransformerName, TransformerNetwork>> = {
  transformer_iwslt_de_en: {
    sizes: iwsltSizes,
    usualLayers: ({ decoderLayers }) => `decoder.layers.${decoderLayers - 1}`,
    naturalLayers: 'decoder.layers',
  },
};

/** A Transformer as a run's configuration has it. */
export interface TransformerSpec extends TransformerOptions {
  readonly kind: TransformerName;
}

/** All sizes of a spec. @throws EditableError INVALID_ARGUMENT for an unknown kind, or sizes that no network has */
export function transformerSizes(spec: TransformerSpec): TransformerSizes {
  if (!Object.hasOwn(transformers, spec.kind)) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `createTransformer: there is no model "${spec.kind}"; known: ${transformerNames.join(', ')}.`,
    );
  }
  const { sizes } = transformers[spec.kind];
  const given = Object.entries(spec).filter(([name, value]) => name in sizes && value !== undefined);
  const own: TransformerSizes = { ...sizes, ...Object.fromEntries(given) };
  checkTransformer({ ...spec, ...own });
  return own;
}

/**
 * The model of a spec, freshly initialised; the seed is libtorch's generator's.
 *
 * @throws EditableError INVALID_ARGUMENT as `transformerSizes`
 */
export function createTransformer(
  spec: TransformerSpec,
  { seed = 0, device = 'cpu' }: { readonly seed?: number; readonly device?: Device } = {},
): TranslationModel {
  const sizes = transformerSizes(spec);
  manualSeed(seed);
  return scope(() => {
    const model: TranslationModel = modelOf(new Transformer(sizes, spec));
    if (device === 'cpu') return model;
    const parameters = new Map([...model.parameters].map(([name, value]) => [name, value.to(device)]));
    return model.with({ parameters });
  });
}
