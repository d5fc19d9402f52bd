import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory, type nn } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasFashionMnist, smallClassifier } from '../../test/small-classifier.js';
import { type ImageDataset, type ImageSplit, subset } from '../data/index.js';
import { type EditSequence, type EditSequenceOptions, editSequence } from './edit-sequence.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-sequence-'));
afterAll(() => rmSync(folder, { recursive: true }));

const editor = { name: 'rmsprop', hyperparameters: { learningRate: 3e-3 }, layers: 'layer4', maxSteps: 10 } as const;
// Moves the weights, but mostly not far enough.
const short = { ...editor, hyperparameters: { learningRate: 1e-3 }, maxSteps: 2 };
const options: EditSequenceOptions = { editor, edits: 12, testImages: 200, seed: 3 };

const untimed = ({ seconds: _, ...rest }: EditSequence): unknown => rest;

describe.skipIf(!hasFashionMnist)('editSequence', () => {
  let model: nn.Model;
  let dataset: ImageDataset;
  let whole: EditSequence;
  const file = join(folder, 'whole.jsonl');

  beforeAll(async () => {
    ({ model, dataset } = await smallClassifier());
    whole = await editSequence(model, dataset, { ...options, recordsFile: file });
  });

  it('judges after 1, 2, 5, 10, … edits and after the last', () => {
    expect(whole.checkpoints.map(({ edits }) => edits)).toEqual([1, 2, 5, 10, 12]);
    expect(whole.records).toHaveLength(12);
    expect(whole).toMatchObject({ edits: 12, testImages: 200, targets: 'random', seed: 3 });
    expect(whole.successRate).toBe(whole.records.filter(({ success }) => success).length / 12);
  });

  it('counts the newest edit among those in force, and the change of error against the unedited model', () => {
    const [first] = whole.checkpoints;
    expect(whole.records[0]).toMatchObject({ success: true });
    expect(first).toMatchObject({ edits: 1, inForce: 1, successRate: 1 });
    for (const { testError, drawdown } of whole.checkpoints) expect(testError - whole.testError).toBe(drawdown);
    expect(whole.checkpoints.at(-1)!.flips).toBeGreaterThan(0);
  });

  it('starts each edit from the model that the earlier ones left', async () => {
    const image = whole.records[0]!.index;
    const split = dataset.split('test');
    // The same image four times over: once it is edited, nothing is left to do unless the target differs.
    const same = { ...subset(split, [image, image, image, image, ...split.labels.keys()].slice(0, 5)) };
    const { records } = await editSequence(model, dataset, { editor, edits: 4, split: same, seed: 1 });
    const copies = records.filter(({ index }) => index < 4);
    for (const [at, { predicted }] of copies.entries()) {
      if (at > 0 && copies[at - 1]!.success) expect(predicted).toBe(copies[at - 1]!.target);
    }
    expect(copies.length).toBeGreaterThan(2);
  });

  it('undoes an edit that fails', async () => {
    const { records, testError } = await editSequence(model, dataset, {
      ...options,
      editor: short,
      checkpoints: [1, 2, 3, 4, 5, 6],
    });
    const failing = records.slice(
      0,
      records.findIndex(({ steps, success }) => success && steps > 0),
    );
    expect(failing.filter(({ success }) => !success).length).toBeGreaterThan(1);
    expect(failing.filter(({ success }) => !success).every(({ steps }) => steps === 2)).toBe(true);
    for (const { judged } of failing.slice(0, 6)) expect(judged).toMatchObject({ testError, flips: 0 });
  });

  it('repairs real mistakes, with their true labels as targets', async () => {
    const { records } = await editSequence(model, dataset, { ...options, edits: 3, targets: 'mistakes' });
    expect(records.every(({ label, target }) => label === target)).toBe(true);
    expect(records[0]!.predicted).not.toBe(records[0]!.label);
  });

  it.each([1, 6, 11])('killed after %i edits, continues to the same sequence', async (edits) => {
    const recordsFile = join(folder, `killed-${edits}.jsonl`);
    const onEdit = (_: unknown, done: number): void => {
      if (done === edits) throw new Error('killed');
    };
    await expect(editSequence(model, dataset, { ...options, recordsFile, onEdit })).rejects.toThrow('killed');
    appendFileSync(recordsFile, '{"index":4');
    expect(untimed(await editSequence(model, dataset, { ...options, recordsFile }))).toEqual(untimed(whole));
    expect(readFileSync(recordsFile, 'utf8')).toBe(readFileSync(file, 'utf8'));
  });

  it('takes what was judged from the records, and drops them where the edits come out otherwise', async () => {
    const lines = readFileSync(file, 'utf8').split('\n');
    const changed = (at: number, change: object): string => {
      const path = join(folder, 'changed.jsonl');
      const line = JSON.stringify({ ...JSON.parse(lines[at]!), ...change });
      writeFileSync(path, lines.map((each, i) => (i === at ? line : each)).join('\n'));
      return path;
    };
    const judged = { ...whole.checkpoints[1]!, testError: 0.123 };
    const reused = await editSequence(model, dataset, { ...options, recordsFile: changed(2, { judged }) });
    expect(reused.checkpoints[1]).toEqual(judged);
    const foreign = changed(2, { judged, loss: 0.5 });
    expect(untimed(await editSequence(model, dataset, { ...options, recordsFile: foreign }))).toEqual(untimed(whole));
  });

  it('takes no records of other images for its own, however many they are', async () => {
    const split = subset(dataset.split('test'), [...Array(60).keys()]);
    const recordsFile = join(folder, 'other-images.jsonl');
    const headerOf = async (images: ImageSplit): Promise<string> => {
      await editSequence(model, dataset, { editor, edits: 2, seed: 3, checkpoints: [], split: images, recordsFile });
      return readFileSync(recordsFile, 'utf8').split('\n')[0]!;
    };
    const first = await headerOf(split);
    expect(await headerOf(subset(split, [...split.labels.keys()]))).toBe(first);
    const darker: ImageSplit = { ...split, image: (index) => split.image(index).map((value) => value >> 1) };
    expect(await headerOf(darker)).not.toBe(first);
  });

  it('holds no more tensors during the hundredth edit than during the second, and none afterwards', async () => {
    const before = memory();
    const during: number[] = [];
    const onEdit = (): void => {
      during.push(memory().tensors);
    };
    const { successRate } = await editSequence(model, dataset, { ...options, edits: 100, checkpoints: [], onEdit });
    expect(successRate).toBeGreaterThan(0.5);
    expect(during).toHaveLength(100);
    expect(new Set(during.slice(5)).size).toBe(1);
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it.each([
    [{ edits: 0 }, /edits: expected a whole number from 1 to 9999, received 0/],
    [{ testImages: 9995 }, /testImages: expected a whole number from 1 to 9988, received 9995/],
    [{ checkpoints: [0] }, /checkpoints: expected whole numbers of at least 1, received 0/],
    [{ editor: { ...editor, layers: 'layer9' } }, /"layer9" selects no parameter/],
  ] as const)('refuses %j', async (wrong, message) => {
    await expect(editSequence(model, dataset, { ...options, ...wrong })).rejects.toThrow(message);
  });
});
