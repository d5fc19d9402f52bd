/** How a score was computed, as one string beside it (Post, "A Call for Clarity in Reporting BLEU Scores", WMT 2018). */
import { type BleuOptions, checkBleuOptions, smoothingDefaults } from './options.js';

/** What a signature tells. */
export interface SignatureOptions extends BleuOptions {
  /** References a sentence; `var` where sentences differ. */
  readonly references?: number | 'var';
  /** Resamples and seed of a bootstrap, if there was one. */
  readonly bootstrap?: { readonly resamples: number; readonly seed: number };
}

/**
 * sacreBLEU's fields in its order. The version names the sacreBLEU whose scores these equal, and that it was not itself.
 * @example bleuSignature() // 'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0-editable'
 */
export function bleuSignature({ references = 1, bootstrap, ...options }: SignatureOptions = {}): string {
  checkBleuOptions('bleuSignature', options);
  const { tokenizer = '13a', lowercase = false, effectiveOrder = false } = options;
  const fields = [
    `nrefs:${references}`,
    ...(bootstrap ? [`bs:${bootstrap.resamples}`, `seed:${bootstrap.seed}`] : []),
    `case:${lowercase ? 'lc' : 'mixed'}`,
    `eff:${effectiveOrder ? 'yes' : 'no'}`,
    `tok:${tokenizer}`,
    `smooth:${smoothingField(options)}`,
    'version:2.6.0-editable',
  ];
  return fields.join('|');
}

function smoothingField({ smoothing = 'exp', smoothingValue }: BleuOptions): string {
  const usual = smoothingDefaults[smoothing];
  return usual === undefined ? smoothing : `${smoothing}[${(smoothingValue ?? usual).toFixed(2)}]`;
}
