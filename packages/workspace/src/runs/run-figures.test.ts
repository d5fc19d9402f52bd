import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { figuresOf } from './run-figures.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-figures-'));
afterAll(() => rmSync(folder, { recursive: true }));

const evaluation = {
  editor: { name: 'natural', hyperparameters: { overshoot: 0.3 }, layers: 'layer3', maxSteps: 10, views: 4 },
  targets: 'random',
  edits: 2,
  testError: 0.1,
  drawdown: 0.01,
  drawdownInterval: [0, 0.02],
  generality: 0.5,
  successRate: 1,
  meanSteps: 2,
  run: folder,
};
const edit = { index: 5, target: 3, drawdown: 0.02, flips: 7, steps: 2, label: 1 };

describe('figuresOf', () => {
  it('is empty for a run without evaluations that was trained elsewhere', () => {
    expect(figuresOf(folder)).toEqual({ evaluations: [], training: [] });
  });

  it('reads evaluations with their edits, and leaves out files that are others or cut short', () => {
    mkdirSync(join(folder, 'evaluations'));
    const write = (name: string, text: string): void => writeFileSync(join(folder, 'evaluations', name), text);
    write('a.json', JSON.stringify(evaluation));
    write('a.jsonl', `{"evaluation":"abc"}\n${JSON.stringify(edit)}\n{"index":6,"tar`);
    write('b.json', '{"bleu": 37}');
    write('c.json', '{"editor": {"na');
    const { evaluations } = figuresOf(folder);
    const { name, layers, views } = evaluation.editor;
    const { label: _, ...record } = edit;
    expect(evaluations).toMatchObject([{ file: 'a.json', editor: { name, layers, views }, records: [record] }]);
  });

  it('thins a long training evenly', () => {
    const steps = Array.from({ length: 5000 }, (_, i) =>
      JSON.stringify({ step: i + 1, base: 1, locality: 0, loss: 1 }),
    );
    writeFileSync(join(folder, 'metrics.jsonl'), steps.join('\n'));
    const { training } = figuresOf(folder);
    expect(training).toHaveLength(1667);
    expect(training[1]).toEqual({ step: 4, base: 1, locality: 0 });
  });
});
