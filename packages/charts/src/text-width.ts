/** Widths of text without a canvas: the advances of DejaVu Sans, so that layout is the same on every machine. */

/** Thousandths of the font size, from the space to the tilde. */
// biome-ignore format: a table, one line for sixteen characters
const advances: readonly number[] = [
  318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
  636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
  1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
  603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
  500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
  635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

/** A wide letter's: a label of other scripts then has room rather than none. */
const otherAdvance = 640;
const boldness = 1.1;

/** Pixels that one line of text takes at a font size in pixels. */
export function textWidth(text: string, fontSize: number, { bold = false }: { readonly bold?: boolean } = {}): number {
  let thousandths = 0;
  for (const character of text) thousandths += advances[character.charCodeAt(0) - 32] ?? otherAdvance;
  return (thousandths / 1000) * fontSize * (bold ? boldness : 1);
}
