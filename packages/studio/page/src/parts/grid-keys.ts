/** Arrow keys in a gallery: to the picture beside, above or below. */
import type { KeyboardEvent } from 'react';

const steps: Readonly<Record<string, (columns: number) => number>> = {
  ArrowRight: () => 1,
  ArrowLeft: () => -1,
  ArrowDown: (columns) => columns,
  ArrowUp: (columns) => -columns,
};

export function moveInGrid(event: KeyboardEvent<HTMLElement>): void {
  const step = steps[event.key];
  if (step === undefined) return;
  const tiles = [...event.currentTarget.querySelectorAll<HTMLElement>('button.tile')];
  const at = tiles.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  const top = tiles[0]?.offsetTop;
  const columns = tiles.filter(({ offsetTop }) => offsetTop === top).length;
  const next = tiles[at + step(columns)];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
