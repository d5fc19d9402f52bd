/** The extra layer that `train` is asked for (section 4.3). */
import type { ExtraLayerSize, ModelSpec } from 'editable';
import { UsageError } from '../errors.js';

export interface ExtraLayerFlags {
  /** Hidden units. */
  readonly extraLayer: number | undefined;
  readonly standardizedExtra: boolean;
  readonly extraGain: number | undefined;
}

/** As they were typed. */
const flagsOf = (extra: ExtraLayerSize): string =>
  typeof extra === 'number'
    ? String(extra)
    : `${extra.hidden} --standardized-extra${extra.gain === undefined ? '' : ` --extra-gain ${extra.gain}`}`;

/**
 * The spec with the layer that is asked for, or as it is.
 *
 * @throws UsageError for flags that do not go together, and for a layer other than the one that the run has
 */
export function withExtra(
  spec: ModelSpec,
  { extraLayer, standardizedExtra, extraGain: gain }: ExtraLayerFlags,
): ModelSpec {
  if (gain !== undefined && !standardizedExtra)
    throw new UsageError('--extra-gain: expected with --standardized-extra, whose layer it is about.');
  if (extraLayer === undefined && standardizedExtra)
    throw new UsageError('--standardized-extra: expected with --extra-layer, whose inputs it is about.');
  if (extraLayer === undefined) return spec;
  if (spec.kind === 'torchscript')
    throw new UsageError('--extra-layer: expected a model that is built here; a TorchScript program keeps its layers.');
  const extra: ExtraLayerSize = standardizedExtra
    ? { hidden: extraLayer, standardized: true, ...(gain === undefined ? {} : { gain }) }
    : extraLayer;
  const there = spec.extra === undefined ? undefined : flagsOf(spec.extra);
  if (there !== undefined && there !== flagsOf(extra))
    throw new UsageError(`--extra-layer: expected ${there}, which the run has already, received ${flagsOf(extra)}.`);
  return { ...spec, extra };
}
