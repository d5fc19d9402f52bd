/** Series told apart by colour and by dash, so that neither a colour-blind reader nor a grey print loses one. */
import { dashes, okabeIto } from './chart-spec.js';

/** Encodings of `field` for lines; both channels fall into one legend. */
export function seriesEncoding(
  field: string,
  names: readonly string[],
  title: string,
  { orient }: { readonly orient?: 'top' } = {},
): object {
  const place = orient === undefined ? {} : { orient, title: null };
  const legend = { title, symbolType: 'stroke', symbolSize: 500, symbolStrokeWidth: 2.5, ...place };
  return {
    color: { field, type: 'nominal', sort: names, scale: { domain: names, range: cycle(okabeIto, names) }, legend },
    strokeDash: { field, type: 'nominal', sort: names, scale: { domain: names, range: cycle(dashes, names) }, legend },
  };
}

export const cycle = <Item>(items: readonly Item[], names: readonly unknown[]): Item[] =>
  names.map((_, i) => items[i % items.length] as Item);
