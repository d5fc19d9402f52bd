/** What jobs tell on their way, and how they end when nobody wants them any more. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestSet, trainingSplits } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  chooseEditor,
  chooseNatural,
  curvatureOf,
  evaluateRun,
  type JobEvent,
  listMistakes,
  listRepairs,
  mistakeRanks,
  type OpenedModel,
  repair,
  repairSet,
  testPicture,
  tuneRun,
} from '../src/index.js';
import { smallRun } from './small-run.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-jobs-'));
afterAll(() => rmSync(folder, { recursive: true }));

let opened: OpenedModel;
beforeAll(() => {
  opened = smallRun(join(folder, 'run'));
});

const rmsprop = { name: 'rmsprop', hyperparameters: { learningRate: 3e-3 }, layers: 'layer4', maxSteps: 10 } as const;
const evaluation = { editor: rmsprop, edits: 6, testImages: 100, seed: 1, targets: 'random' } as const;

/** Aborts at the event that `when` accepts. */
function cancelling(when: (event: JobEvent) => boolean): {
  onEvent: (event: JobEvent) => void;
  signal: AbortSignal;
  events: JobEvent[];
} {
  const controller = new AbortController();
  const events: JobEvent[] = [];
  const onEvent = (event: JobEvent): void => {
    events.push(event);
    if (when(event)) controller.abort();
  };
  return { onEvent, signal: controller.signal, events };
}

const cancelled = expect.objectContaining({ name: 'WorkspaceError', code: 'CANCELLED' });

describe('evaluateRun', () => {
  it('tells of every edit, and goes on after it was cancelled to the same result', async () => {
    const whole: JobEvent[] = [];
    const { document } = await evaluateRun(opened, evaluation, { onEvent: (event) => whole.push(event) });
    expect(whole).toEqual([1, 2, 3, 4, 5, 6].map((done) => ({ kind: 'edit', done, total: 6 })));
    const other = smallRun(join(folder, 'other'));
    const stopped = cancelling(({ kind }) => kind === 'edit');
    await expect(evaluateRun(other, evaluation, stopped)).rejects.toThrow(cancelled);
    expect(stopped.events).toEqual([{ kind: 'edit', done: 1, total: 6 }]);
    const continued = await evaluateRun(other, evaluation);
    const { seconds: _, run: __, recordsFile: ___, ...numbers } = document;
    expect(continued.document).toMatchObject(numbers);
  });

  it('is plain data that JSON carries whole', async () => {
    const { document } = await evaluateRun(opened, evaluation);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});

describe('tuneRun', () => {
  it('tells of every trial with its editor and drawdown, and is cancelled between two', async () => {
    const settings = { editor: 'gd', layers: ['layer4'], edits: 4, images: 50, maxSteps: 5, searchSteps: 5 } as const;
    const job = cancelling(({ kind, ...event }) => kind === 'trial' && 'done' in event && event.done === 2);
    await expect(tuneRun(opened, { ...settings, minimumSuccess: 0.5, seed: 0 }, job)).rejects.toThrow(cancelled);
    expect(job.events.map((event) => event.kind)).toEqual(['trial', 'trial']);
    expect(job.events[0]).toMatchObject({ stage: null, editor: { name: 'gd', layers: 'layer4' }, done: 1 });
  });
});

describe('repair', () => {
  it('writes nothing where it is cancelled before its effect is judged', async () => {
    const { mistakes } = listMistakes(opened, 'test');
    const [mistake] = mistakes;
    const picture = testPicture(mistake!.index, opened.dataset);
    const editor = chooseEditor(opened.run, {}, { usual: 'natural' });
    const settings = { picture, target: mistake!.truth.label, editor, testImages: 100, seed: 0 };
    const out = join(folder, 'cancelled.safetensors');
    await expect(repair(opened, { ...settings, out }, { signal: AbortSignal.abort() })).rejects.toThrow(cancelled);
    expect(() => readFileSync(out)).toThrow('ENOENT');
  });
});

describe('repairSet', () => {
  it('tells of the curvature, then of each repair', async () => {
    const events: JobEvent[] = [];
    const onEvent = (event: JobEvent): void => void events.push(event);
    const { repairs } = await listRepairs(opened, { mistakes: 2, seed: 0 });
    const curvature = curvatureOf(opened, { images: 100 }, { onEvent });
    const settings = { repairs, editor: chooseNatural(opened.run), curvature, atOnce: true, testImages: 100, seed: 0 };
    const document = await repairSet(opened, { ...settings, out: join(folder, 'set.safetensors') }, { onEvent });
    expect(document.inForce).toBe(1);
    expect(events).toEqual([
      { kind: 'curvature', done: 50, total: 100 },
      { kind: 'curvature', done: 100, total: 100 },
      { kind: 'repair', done: 1, total: 2 },
      { kind: 'repair', done: 2, total: 2 },
    ]);
  });
});

describe('listRepairs', () => {
  it('names the setting that is wrong', async () => {
    await expect(listRepairs(opened, { indices: [400] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'indices',
      message: 'indices: expected a whole number from 0 to 399, received "400".',
    });
  });
});

describe('mistakeRanks', () => {
  it('gives the rank of the right class for each training image that is wrong', () => {
    const { train } = trainingSplits(opened.dataset);
    using images = new TestSet(train, { normalization: opened.run.config.normalization });
    const wrong = [...images.predict(opened.model)].filter((label, i) => label !== train.labels[i]).length;
    const ranks = mistakeRanks(opened.run.folder, opened.dataset, 'cpu');
    expect(ranks).toHaveLength(wrong);
    expect(new Set(ranks)).toEqual(new Set([2, 3, 4]));
  });
});
