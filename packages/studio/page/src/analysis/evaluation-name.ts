/** An evaluation in a few words: "natural, 4 views, layer3". */
import type { RunFigures } from '@editable/workspace';

export function evaluationName({ editor, targets }: RunFigures['evaluations'][number]): string {
  const { name, views = 0, margin = 0, layers } = editor;
  const of = typeof layers === 'string' ? layers : layers.join(' ');
  return [
    name,
    ...(views > 0 ? [`${views} views`] : []),
    ...(margin > 0 ? [`margin ${margin}`] : []),
    of,
    ...(targets === 'random' ? [] : [targets]),
  ].join(', ');
}
