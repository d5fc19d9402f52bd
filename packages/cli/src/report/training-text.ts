/** An epoch of a training as people read it. */
import type { EpochSummary } from '@editable/workspace';
import { percent } from '../console/numbers.js';

export function describeEpoch(summary: EpochSummary, epochs: number): string {
  const { epoch, loss, base, edit, locality, accuracy, successRate, editorSteps } = summary;
  const start = `epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}  accuracy ${percent(accuracy, 1)}`;
  // Plain training makes no edits.
  if (editorSteps === 0) return start;
  const terms = `base ${base.toFixed(4)}  edit ${edit.toFixed(4)}  locality ${locality.toFixed(4)}`;
  return `${start}  ${terms}  edits ${percent(successRate, 0)} in ${editorSteps.toFixed(1)} steps`;
}
