/** An epoch of a training as people read it. */
import type { EpochSummary, TranslationEpoch } from '@editable/workspace';
import { percent } from '../console/numbers.js';

export function describeEpoch(summary: EpochSummary, epochs: number): string {
  const { epoch, loss, base, edit, locality, accuracy, successRate, editorSteps } = summary;
  const start = `epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}  accuracy ${percent(accuracy, 1)}`;
  // Plain training makes no edits.
  if (editorSteps === 0) return start;
  const terms = `base ${base.toFixed(4)}  edit ${edit.toFixed(4)}  locality ${locality.toFixed(4)}`;
  return `${start}  ${terms}  edits ${percent(successRate, 0)} in ${editorSteps.toFixed(1)} steps`;
}

export function describeTranslationEpoch(summary: TranslationEpoch): string {
  const { epoch, epochs, loss, accuracy, edits, validation } = summary;
  const edited =
    edits === null
      ? ''
      : `  edit ${edits.edit.toFixed(4)}  locality ${edits.locality.toFixed(4)}  edits ${percent(edits.successRate, 0)} in ${edits.editorSteps.toFixed(1)} steps`;
  const start = `epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}  tokens right ${percent(accuracy, 1)}${edited}`;
  if (validation === null) return start;
  return `${start}  validation loss ${validation.loss.toFixed(4)}  BLEU ${validation.bleu.toFixed(2)}`;
}
