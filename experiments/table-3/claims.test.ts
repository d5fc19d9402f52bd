import { describe, expect, it } from 'vitest';
import type { NamedRow } from '../shared/experiment.js';
import type { RepairRow } from '../shared/repair-row.js';
import { claims } from './claims.js';

type Row = NamedRow<RepairRow>;

const row = (name: string, editor: string, layers: string, drawdown: number, testError = 0.1): Row => ({
  name,
  editor,
  layers,
  drawdown,
  testError,
  training: name,
  hyperparameters: {},
  targets: 'random',
  drawdownInterval: [drawdown, drawdown],
  samplingError: 0,
  drawdownAbsolute: drawdown,
  successRate: 1,
  meanSteps: 3,
  generality: 0.4,
  flips: 0,
  edits: 100,
  testImages: 100,
  tunedOn: null,
  secondsPerEdit: 1,
  editBytes: null,
  paper: null,
  commit: '',
  seconds: 0,
  key: '',
});

const [chain, extra, best] = claims as [(typeof claims)[0], (typeof claims)[0], (typeof claims)[0]];

describe('claims of table 3', () => {
  it('compare Editable Training with plain training under the same editor on the same layers', () => {
    const plain = row('plain-rmsprop', 'rmsprop', 'layer3', 0.04);
    const editable = row('editable-extra', 'gd', 'extra', 0.01);
    expect(chain.holds([plain, editable])).toBeNull();
    expect(extra.holds([plain, editable])).toBeNull();
    const control = row('plain-extra', 'gd', 'extra', 0.015);
    expect(extra.holds([plain, control, editable])).toEqual({
      holds: false,
      because:
        'editable-extra (gd on extra: drawdown 1.00 %, generality 40 %, error 10.00 %) has 0.67 × the drawdown of plain-extra (gd on extra: drawdown 1.50 %, generality 40 %, error 10.00 %)',
    });
  });

  it('take the best of several controls', () => {
    const rows = [
      row('plain-extra', 'gd', 'extra', 0.09),
      row('plain-extra-labels', 'gd', 'extra', 0.015),
      row('editable-extra', 'gd', 'extra', 0.01),
    ];
    expect(extra.holds(rows)).toMatchObject({ holds: false, because: expect.stringMatching(/of plain-extra-labels/) });
  });

  it('do not hold where the error rises', () => {
    const rows = [row('plain-rmsprop', 'rmsprop', 'layer3', 0.04), row('editable-1', 'rmsprop', 'layer3', 0.01, 0.12)];
    expect(chain.holds(rows)).toMatchObject({ holds: false, because: expect.stringMatching(/^no editable model/) });
  });

  it('name what else differs', () => {
    const rows = [row('plain-card', 'rmsprop', 'all', 0.04), row('editable-extra', 'gd', 'extra', 0.01)];
    expect(best.holds(rows)).toMatchObject({
      holds: true,
      because: expect.stringMatching(/the editor and the layers differ, too$/),
    });
  });
});
