/** Where the labels of a scatter go, so that they hide neither points nor each other: the best of eight places, in turn. */
import { textWidth } from '../text-width.js';

export interface Labelled {
  readonly label: string;
  /** In pixels, from the left and from the top. */
  readonly x: number;
  readonly y: number;
}

export interface Placement {
  readonly align: 'left' | 'center' | 'right';
  readonly baseline: 'top' | 'middle' | 'bottom';
  readonly dx: number;
  readonly dy: number;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const gap = 8;
const slant = 6;
/** Hiding a point is worse than leaving the plot or touching another label. */
const pointWeight = 8;

/** In the order in which a reader expects them. */
const places: readonly Placement[] = [
  { align: 'left', baseline: 'middle', dx: gap, dy: 0 },
  { align: 'right', baseline: 'middle', dx: -gap, dy: 0 },
  { align: 'center', baseline: 'bottom', dx: 0, dy: -gap },
  { align: 'center', baseline: 'top', dx: 0, dy: gap },
  { align: 'left', baseline: 'bottom', dx: slant, dy: -slant },
  { align: 'left', baseline: 'top', dx: slant, dy: slant },
  { align: 'right', baseline: 'bottom', dx: -slant, dy: -slant },
  { align: 'right', baseline: 'top', dx: -slant, dy: slant },
];

export function placeLabels(
  points: readonly Labelled[],
  { width, height, fontSize }: { readonly width: number; readonly height: number; readonly fontSize: number },
): Placement[] {
  const taken: Box[] = points.map(({ x, y }) => ({ left: x - 6, top: y - 6, right: x + 6, bottom: y + 6 }));
  return points.map((point, own) => {
    const costs = places.map((place) => {
      const box = boxOf(point, place, fontSize);
      const outside = area(box) - overlap(box, { left: 0, top: 0, right: width, bottom: height });
      const weight = (i: number): number => (i === own ? 0 : i < points.length ? pointWeight : 1);
      return taken.reduce((sum, each, i) => sum + weight(i) * overlap(box, each), outside);
    });
    const best = places[costs.indexOf(Math.min(...costs))] as Placement;
    taken.push(boxOf(point, best, fontSize));
    return best;
  });
}

function boxOf({ label, x, y }: Labelled, { align, baseline, dx, dy }: Placement, fontSize: number): Box {
  const width = textWidth(label, fontSize);
  const left = x + dx - { left: 0, center: width / 2, right: width }[align];
  const top = y + dy - { top: 0, middle: fontSize / 2, bottom: fontSize }[baseline];
  return { left, top, right: left + width, bottom: top + fontSize };
}

const area = ({ left, top, right, bottom }: Box): number => (right - left) * (bottom - top);

const overlap = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
