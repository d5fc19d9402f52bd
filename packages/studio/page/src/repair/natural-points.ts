/** The natural editor's evaluations as a curve over its views. */
import type { RunFigures } from '@editable/workspace';

export interface CurvePoint {
  readonly views: number;
  readonly drawdown: number;
  readonly drawdownInterval: readonly [low: number, high: number];
  readonly generality: number;
}

/** One point a number of views: of several evaluations the one with the most edits. Margins other than 0 are left out. */
export function naturalPoints(evaluations: RunFigures['evaluations']): readonly CurvePoint[] {
  const best = new Map<number, RunFigures['evaluations'][number]>();
  for (const each of evaluations) {
    const { editor, edits, generality } = each;
    if (editor.name !== 'natural' || (editor.margin ?? 0) > 0 || generality === null) continue;
    const views = editor.views ?? 0;
    if (edits > (best.get(views)?.edits ?? 0)) best.set(views, each);
  }
  return [...best]
    .map(([views, { drawdown, drawdownInterval, generality }]) => ({
      views,
      drawdown,
      drawdownInterval,
      generality: generality ?? 0,
    }))
    .sort((a, b) => a.views - b.views);
}
