/** A list of mistakes as people read it. */
import type { ListedMistake, MistakesDocument } from '@editable/workspace';
import { count, percent, plural } from '../console/numbers.js';
import { table } from '../console/table.js';

export function describeMistakes({ mistakes, images, split, error, groups }: MistakesDocument, limit: number): string {
  const suspects = mistakes.filter(({ suspect }) => suspect);
  const others = mistakes.filter(({ suspect }) => !suspect);
  const head = `${plural(mistakes.length, 'mistake')} on ${count(images)} ${split} images (${percent(error)})`;
  if (mistakes.length === 0) return `${head}.`;
  return [
    `${head}: ${count(others.length)} in ${plural(groups, 'group')} of near-duplicates, ${plural(suspects.length, 'suspected label error')} set apart.`,
    ...(others.length === 0 ? [] : [listed(others, limit)]),
    ...(suspects.length === 0
      ? []
      : [`Suspected label errors: look at these before you repair them.`, listed(suspects, limit)]),
  ].join('\n');
}

const listed = (mistakes: readonly ListedMistake[], limit: number): string => {
  const rows = mistakes
    .slice(0, limit)
    .map(({ index, truth, predicted, probability, group }) => [
      String(index),
      truth.name,
      predicted.name,
      percent(probability),
      String(group),
    ]);
  const head = ['Image', 'Labelled', 'The model says', 'How sure', 'Group'];
  const more = mistakes.length > limit ? `\nand ${count(mistakes.length - limit)} more` : '';
  return `${table(rows, { head, right: [0, 3, 4] })}${more}`;
};
