import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory } from '@editable/torch';
import { afterAll, describe, expect, it } from 'vitest';
import { type ImageDataset, imageSplit, stream } from '../data/index.js';
import { classification } from '../editing/constraints/classification.js';
import { edit } from '../editing/edit.js';
import type { EditorChoice } from '../editing/editor-choice.js';
import { editorNamed } from '../editing/editors/index.js';
import { randomTasks } from '../evaluation/edit-tasks.js';
import { TestSet } from '../evaluation/test-set.js';
import { createModel } from '../models/registry.js';
import { type DescribeOptions, describeEdits, selectEdits } from './edit-descriptors.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-descriptors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const images = 30;
const shape = [1, 8, 8] as const;
const random = stream(0, 'pixels');
const pixels = Uint8Array.from({ length: images * 64 }, () => random.int(256));
// Class 3 has no image.
const test = imageSplit(
  pixels,
  Uint8Array.from({ length: images }, (_, i) => i % 3),
  shape,
);
const dataset: ImageDataset = {
  name: 'fashion-mnist',
  folder,
  classes: ['a', 'b', 'c', 'd'],
  shape,
  normalization: { mean: [0.5], std: [0.25] },
  augmentation: { padding: 0, flip: false },
  split: () => test,
};
const model = createModel({ kind: 'cifar-resnet18', width: 2, inChannels: 1, classes: 4 });
const editor: EditorChoice = {
  name: 'rmsprop',
  hyperparameters: { learningRate: 0.01 },
  layers: 'layer3',
  maxSteps: 20,
};
const options: DescribeOptions = { editor, edits: 8, seed: 5 };
const whole = await describeEdits(model, dataset, options);

/** The same number in other words: softmax and sums in plain JavaScript over the whole network's logits. */
function divergencesByHand(index: number, target: number): number[] {
  using testSet = new TestSet(test, dataset);
  const logits = (each: typeof model): number[][] =>
    testSet.activations(each, 0).batches.flatMap((batch) => each.call(batch).output.tolist() as number[][]);
  const logSoftmax = (row: number[]): number[] => {
    const top = Math.max(...row);
    const sum = Math.log(row.reduce((total, value) => total + Math.exp(value - top), 0));
    return row.map((value) => value - top - sum);
  };
  const input = testSet.activations(model, 0).batches[0]!.narrow(0, index, 1);
  const { model: edited } = edit(model, classification(input, target), {
    ...editor,
    editor: editorNamed(editor.name, editor.hyperparameters),
  });
  const after = logits(edited).map(logSoftmax);
  return logits(model)
    .map(logSoftmax)
    .map((before, i) => before.reduce((sum, value, k) => sum + Math.exp(value) * (value - after[i]![k]!), 0));
}

const rowOf = (row: number): number[] => Array.from(whole.divergences.values.slice(row * images, (row + 1) * images));

describe('describeEdits', () => {
  it('makes the edits that an evaluation with the same seed makes', () => {
    const tasks = randomTasks(test, { edits: 8, classes: 4, seed: 5 });
    expect(whole.edits.map(({ index, target }) => ({ index, target }))).toEqual(tasks);
    expect(whole.edits.map(({ label }) => label)).toEqual(tasks.map(({ index }) => index % 3));
    expect(whole.divergences).toMatchObject({ rows: 8, columns: images });
  });

  it('gives KL(before ‖ after) on every judged image', () => {
    const row = whole.edits.findIndex(({ steps }) => steps > 0);
    const { index, target } = whole.edits[row]!;
    const expected = divergencesByHand(index, target);
    expect(Math.max(...expected)).toBeGreaterThan(1e-3);
    expect(rowOf(row)).toEqual(expected.map((value) => expect.closeTo(value, 4)));
  });

  it('gives zeros for an edit that had nothing to change', () => {
    const row = whole.edits.findIndex(({ steps }) => steps === 0);
    expect(whole.edits[row]).toMatchObject({ success: true, classDrawdown: [0, 0, 0, null] });
    expect(rowOf(row)).toEqual(Array(images).fill(0));
  });

  it('changes the error of some class, and tells no drawdown of a class without images', () => {
    const drawdowns = whole.edits.map(({ classDrawdown }) => classDrawdown);
    expect(drawdowns.some((each) => each.some((value) => value !== null && value !== 0))).toBe(true);
    expect(drawdowns.every((each) => each.length === 4 && each[3] === null)).toBe(true);
  });

  it('leaves no tensor behind', async () => {
    const before = memory();
    await describeEdits(model, dataset, { ...options, edits: 2 });
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it('goes on where a killed run stopped, a line and a row cut short dropped', async () => {
    const recordsFile = join(folder, 'cut.jsonl');
    await describeEdits(model, dataset, { ...options, recordsFile });
    const text = readFileSync(recordsFile, 'utf8').split('\n');
    writeFileSync(recordsFile, `${text.slice(0, 4).join('\n')}\n${text[4]!.slice(0, 20)}`);
    truncateSync(join(folder, 'cut.f32'), 4 * images * 4 + 7);
    const made: number[] = [];
    const continued = await describeEdits(model, dataset, {
      ...options,
      recordsFile,
      onEdit: (done) => made.push(done),
    });
    expect(made).toEqual([4, 5, 6, 7, 8]);
    expect(continued).toEqual(whole);
    const { buffer, byteOffset } = Uint8Array.from(readFileSync(join(folder, 'cut.f32')));
    expect(new Float32Array(buffer, byteOffset)).toEqual(whole.divergences.values);
  });

  it('makes again an edit whose row is whole but whose line is not', async () => {
    const recordsFile = join(folder, 'ahead.jsonl');
    await describeEdits(model, dataset, { ...options, edits: 2, recordsFile });
    appendFileSync(join(folder, 'ahead.f32'), new Uint8Array(images * 4).fill(1));
    expect(await describeEdits(model, dataset, { ...options, recordsFile })).toEqual(whole);
  });

  it('finds a complete description without making an edit', async () => {
    const recordsFile = join(folder, 'complete.jsonl');
    await describeEdits(model, dataset, { ...options, recordsFile });
    const made: number[] = [];
    const found = await describeEdits(model, dataset, { ...options, recordsFile, onEdit: (done) => made.push(done) });
    expect(made).toEqual([]);
    expect(found).toEqual(whole);
  });

  it('starts again for other settings', async () => {
    const recordsFile = join(folder, 'other.jsonl');
    await describeEdits(model, dataset, { ...options, seed: 6, recordsFile });
    expect(await describeEdits(model, dataset, { ...options, recordsFile })).toEqual(whole);
    expect(existsSync(join(folder, 'other.f32'))).toBe(true);
  });

  it('refuses more edits than there are images', async () => {
    await expect(describeEdits(model, dataset, { ...options, edits: 31 })).rejects.toThrow('from 1 to 30, received 31');
  });
});

describe('selectEdits', () => {
  it('keeps the rows of the edits that pass', () => {
    const changed = selectEdits(whole, ({ steps }) => steps > 0);
    const rows = [...whole.edits.keys()].filter((row) => whole.edits[row]!.steps > 0);
    expect(changed.edits).toEqual(rows.map((row) => whole.edits[row]));
    expect(Array.from(changed.divergences.values)).toEqual(rows.flatMap(rowOf));
    expect(changed.divergences.rows).toBe(rows.length);
  });
});
