import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory, type nn } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasFashionMnist, smallClassifier } from '../../test/small-classifier.js';
import type { ImageDataset } from '../data/index.js';
import { readEditorChoice } from '../runs/run.js';
import { readCard, saveCard } from './card-file.js';
import { type CardEntry, type CardOptions, type EditabilityCard, editabilityCard } from './editability-card.js';
import { layerSubsets } from './layer-subsets.js';
import { tune } from './tune.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-card-'));
afterAll(() => rmSync(folder, { recursive: true }));

// Sign steps move the first block's bias by at most 10 × 0.03: too little for most edits.
const hopeless = 'layer1.0.bn1.bias';
const options = {
  editors: ['rprop', 'rmsprop'],
  layers: [hopeless, 'layer4', 'head'],
  edits: 16,
  images: 60,
  minimumSuccess: 0.9,
  seed: 5,
} as const satisfies CardOptions;

const untimed = ({ seconds: _, ...card }: EditabilityCard): unknown => ({
  ...card,
  best: untimedEntry(card.best),
  entries: card.entries.map(untimedEntry),
});
const untimedEntry = ({ seconds: _, secondsPerEdit: __, pareto: ___, ...entry }: CardEntry): unknown => entry;

const withoutLayer = (model: nn.Model, parameter: string): nn.Model => ({
  parameters: model.parameters,
  buffers: model.buffers,
  stages: model.stages,
  layers: model.layers.filter(({ parameters }) => ![...parameters.values()].includes(parameter)),
  call: (input, options) => model.call(input, options),
  with: (changes) => withoutLayer(model.with(changes), parameter),
});

describe.skipIf(!hasFashionMnist)('editabilityCard', () => {
  let model: nn.Model;
  let dataset: ImageDataset;
  let card: EditabilityCard;
  const wholeFile = join(folder, 'whole.jsonl');

  beforeAll(async () => {
    ({ model, dataset } = await smallClassifier());
    card = await editabilityCard(model, dataset, { ...options, trialsFile: wholeFile });
  });

  it('has one entry for each editor on each set of layers', () => {
    const pairs = card.entries.map(({ editor }) => `${editor.name} ${editor.layers}`).sort();
    expect(pairs).toEqual(options.layers.flatMap((layers) => [`rprop ${layers}`, `rmsprop ${layers}`]).sort());
    expect(card).toMatchObject({ version: 1, dataset: 'fashion-mnist', maxSteps: 10, minimumSuccess: 0.9 });
  });

  it('takes the natural editor as one trial a choice of layers, and says what has no curvature', async () => {
    // The layers of the head hidden, as those of an operator without a rule are.
    const hidden = withoutLayer(model, 'fc.weight');
    const made = await editabilityCard(hidden, dataset, {
      ...options,
      editors: ['gd', 'natural'],
      layers: ['layer4', 'head'],
    });
    expect(made.skipped).toEqual([{ editor: 'natural', layers: 'head', why: expect.stringContaining('fc.weight') }]);
    const natural = made.entries.filter(({ editor }) => editor.name === 'natural');
    expect(natural).toMatchObject([{ stage: 'final', editor: { layers: 'layer4' }, successRate: 1 }]);
    expect(made.entries).toHaveLength(3);
    for (const { generality } of made.entries.filter(({ stage }) => stage === 'final'))
      expect(generality).toBeTypeOf('number');
  });

  it('takes the least drawdown among the finalists that succeed often enough', () => {
    const finalists = card.entries.filter(({ stage }) => stage === 'final');
    expect(finalists).toHaveLength(3);
    const qualified = finalists.filter(({ successRate }) => successRate >= 0.9);
    expect(qualified.length).toBeGreaterThan(0);
    expect(card.best.qualifies).toBe(true);
    expect(card.best.drawdown).toBe(Math.min(...qualified.map(({ drawdown }) => drawdown)));
    expect(card.best).toEqual(card.entries[0]);
    expect(finalists.some(({ pareto }) => pareto)).toBe(true);
  });

  it('says what its figures rest on, the finalists on edits and images of their own', () => {
    expect(card.samples).toMatchObject({
      coarse: { edits: 8, images: 60, seed: 5 },
      full: { edits: 16, images: 60, seed: 5 },
      final: { edits: 32, images: 60 },
    });
    expect(card.samples.final.seed).not.toBe(5);
    expect(card.best).toMatchObject({ edits: 32, images: 60 });
    const [low, high] = card.best.drawdownInterval;
    expect(low).toBeLessThan(card.best.drawdown);
    expect(high).toBeGreaterThan(card.best.drawdown);
    expect(card.best.secondsPerEdit).toBeGreaterThan(0);
  });

  it('drops layers on which too few edits succeed', () => {
    const entries = card.entries.filter(({ editor }) => editor.layers === hopeless);
    expect(entries).toMatchObject([
      { stage: 'coarse', dropped: 'too few succeed', qualifies: false, pareto: false },
      { stage: 'coarse', dropped: 'too few succeed', qualifies: false, pareto: false },
    ]);
  });

  it.each([3, 12])('killed after %i reports, continues to the same card', async (reports) => {
    const trialsFile = join(folder, `killed-${reports}.jsonl`);
    let left = reports;
    const onProgress = (): void => {
      left -= 1;
      if (left === 0) throw new Error('killed');
    };
    await expect(editabilityCard(model, dataset, { ...options, trialsFile, onProgress })).rejects.toThrow('killed');
    appendFileSync(trialsFile, '{"key":"cut sho');
    const continued = await editabilityCard(model, dataset, { ...options, trialsFile });
    expect(untimed(continued)).toEqual(untimed(card));
    expect(linesOf(trialsFile)).toBe(linesOf(wholeFile));
  });

  it('made again, finds every trial done, times included, and holds no tensors', async () => {
    const before = memory();
    expect(await editabilityCard(model, dataset, { ...options, trialsFile: wholeFile })).toEqual(card);
    expect(await editabilityCard(model, dataset, { ...options, layers: ['head'], edits: 5 })).toBeDefined();
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it('is of another model once the weights differ', async () => {
    const trialsFile = join(folder, 'whole.jsonl');
    const { model: other } = await smallClassifier(5);
    const small = { ...options, editors: ['rprop'], layers: ['head'], trialsFile } as const;
    const made = await editabilityCard(other, dataset, small);
    expect(made.model).not.toBe(card.model);
    expect(linesOf(trialsFile)).toBeGreaterThan(card.trials);
  });

  it('says so where nothing succeeds, and takes what succeeds most often', async () => {
    const made = await editabilityCard(model, dataset, { ...options, layers: [hopeless] });
    expect(made.entries).toHaveLength(2);
    expect(made.best).toMatchObject({ qualifies: false, stage: 'coarse' });
  });

  it('is kept beside the model, and its best becomes the editor of the run', () => {
    expect(readCard(folder)).toBeNull();
    saveCard(folder, card);
    expect(readCard(folder)).toEqual(card);
    expect(readEditorChoice(folder)).toEqual(card.best.editor);
  });

  it.each([
    [{ layers: ['layer9'] }, /"layer9" selects no parameter/],
    [{ editors: [] }, /at least one editor/],
    [{ edits: 61 }, /edits to be a whole number from 1 to the 60 images, received 61/],
  ] as const)('refuses %j', async (wrong, message) => {
    await expect(editabilityCard(model, dataset, { ...options, ...wrong })).rejects.toThrow(message);
  });

  describe('layerSubsets', () => {
    it('is each stage alone, and everything', () => {
      expect(layerSubsets(model)).toEqual(['stem', 'layer1', 'layer2', 'layer3', 'layer4', 'head', 'all']);
    });
  });

  describe('tune', () => {
    it('killed, continues to the same trials', async () => {
      const settings = { editor: 'rmsprop', layers: ['layer4', 'head'], edits: 10, images: 50 } as const;
      const trialsFile = join(folder, 'tune.jsonl');
      const figures = ({ best, trials }: Awaited<ReturnType<typeof tune>>): unknown =>
        [best, ...trials].map(({ seconds: _, ...trial }) => trial);
      const onTrial = (_: unknown, done: number): void => {
        if (done === 4) throw new Error('killed');
      };
      await expect(tune(model, dataset, { ...settings, trialsFile, onTrial })).rejects.toThrow('killed');
      expect(linesOf(trialsFile)).toBe(4);
      const continued = await tune(model, dataset, { ...settings, trialsFile });
      expect(figures(continued)).toEqual(figures(await tune(model, dataset, settings)));
    });
  });
});

const linesOf = (path: string): number => readFileSync(path, 'utf8').split('\n').length - 1;
