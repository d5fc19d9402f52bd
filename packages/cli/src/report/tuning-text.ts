/** A tuning's trials as people read them. */
import type { EditorChoice, Trial } from 'editable';
import { percent, signedPercent } from '../console/numbers.js';
import { table } from '../console/table.js';
import { describeEditor, describeLayers } from './editor-text.js';

export const trialsTable = (trials: readonly Trial[], best: EditorChoice): string =>
  table(
    trials.map(({ editor, drawdown, successRate, meanSteps, edits }) => [
      editor === best ? '*' : '',
      describeEditor(editor),
      describeLayers(editor.layers),
      signedPercent(drawdown),
      percent(successRate, 0),
      meanSteps.toFixed(2),
      String(edits),
    ]),
    { head: ['', 'Editor', 'Layers', 'Drawdown', 'Success', 'Steps', 'Edits'], right: [3, 4, 5, 6] },
  );
