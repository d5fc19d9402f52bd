/** A comparison of editors as people read it. */
import type { CardEntry, EditabilityCard } from 'editable';
import { count, duration, percent, percentInterval, plural, signedPercent } from '../console/numbers.js';
import { table } from '../console/table.js';
import { describeEditor, describeLayers } from './editor-text.js';

/** The finalists; then, apart since other images were judged, what was dropped. */
export function describeCard({
  best,
  entries,
  samples,
  minimumSuccess,
  maxSteps,
  seconds,
  trials,
  skipped,
}: EditabilityCard): string {
  const finalists = entries.filter(({ stage }) => stage === 'final');
  const dropped = entries.filter(({ stage }) => stage === 'coarse');
  const { coarse, final } = samples;
  return [
    ...(finalists.length === 0
      ? []
      : [
          finalistsTable(finalists, best),
          `${count(final.edits)} edits each on ${count(final.images)} fresh validation images, seed ${final.seed}. * best: the least drawdown with`,
          `at least ${percent(minimumSuccess, 1)} success within ${plural(maxSteps, 'step')}. P: no other is better in drawdown, generality, success,`,
          'steps and time at once. Generality: augmented views of the edited images that follow.',
        ]),
    ...(dropped.length === 0
      ? []
      : [
          `\nDropped after at most ${plural(coarse.edits, 'edit')} on ${plural(coarse.images, 'image')}, not to be compared with those above:`,
          droppedTable(dropped),
        ]),
    ...skipped.map(({ editor, layers, why }) => `\nNot tried: ${editor} on ${layers}. ${why}`),
    `${plural(trials, 'trial')}, ${duration(seconds)}`,
  ].join('\n');
}

const finalistsTable = (entries: readonly CardEntry[], best: CardEntry): string =>
  table(
    entries.map((entry) => [
      [...(entry === best ? ['*'] : []), ...(entry.pareto ? ['P'] : [])].join(' '),
      describeEditor(entry.editor),
      describeLayers(entry.editor.layers),
      signedPercent(entry.drawdown),
      percentInterval(entry.drawdownInterval),
      entry.generality === null ? '' : percent(entry.generality, 0),
      percent(entry.successRate, 1),
      entry.meanSteps.toFixed(2),
      entry.secondsPerEdit === null ? '' : `${(1000 * entry.secondsPerEdit).toFixed(1)} ms`,
    ]),
    {
      head: ['', 'Editor', 'Layers', 'Drawdown', '95 % interval', 'Generality', 'Success', 'Steps', 'Time'],
      right: [3, 4, 5, 6, 7, 8],
    },
  );

const droppedTable = (entries: readonly CardEntry[]): string =>
  table(
    entries.map(({ editor, drawdown, successRate, edits, dropped }) => [
      editor.name,
      describeLayers(editor.layers),
      signedPercent(drawdown),
      percent(successRate, 0),
      String(edits),
      dropped ?? '',
    ]),
    { head: ['Editor', 'Layers', 'Drawdown', 'Success', 'Edits', 'Why'], right: [2, 3, 4] },
  );

/** The card's best in one line, with how its numbers were had. */
export function describeBest({ best, samples }: EditabilityCard): string {
  const { edits, images, seed } = best.stage === 'final' ? samples.final : samples.coarse;
  return [
    `${describeEditor(best.editor)} on ${describeLayers(best.editor.layers)}`,
    `drawdown ${signedPercent(best.drawdown)} (95 % interval ${percentInterval(best.drawdownInterval)}), ${percent(best.successRate, 1)} success${(best.generality ?? null) === null ? '' : `, generality ${percent(best.generality as number, 0)}`}`,
    `${count(Math.min(edits, best.edits))} edits on ${count(images)} validation images, seed ${seed}`,
  ].join(' · ');
}
