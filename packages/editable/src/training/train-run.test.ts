import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hasFashionMnist } from '../../test/small-classifier.js';
import { loadDataset } from '../data/index.js';
import { modelHash } from '../patches/model-hash.js';
import { runConfig } from '../runs/run-config.js';
import { defaultTraining, type TrainingSettings } from './settings.js';
import { trainRun } from './train-run.js';
import type { StepMetrics } from './training-loop.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-train-run-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spec = { kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 } as const;
const plain: TrainingSettings = { ...defaultTraining, objective: 'plain', epochs: 1, batchSize: 32, trainImages: 512 };

describe.skipIf(!hasFashionMnist)('trainRun', () => {
  it('gives the layers that are named the learning rate of added ones', async () => {
    const dataset = await loadDataset('fashion-mnist');
    const base = await trainRun(join(folder, 'base'), runConfig(dataset, spec, { ...plain, trainImages: 64 }), dataset);
    const settings: TrainingSettings = {
      ...{ ...plain, from: base.folder, trainImages: 64, optimizer: 'sgd', weightDecay: 0 },
      ...{ learningRate: 1e-12, addedLearningRate: 1e-2, addedLayers: 'fc' },
    };
    const { model } = await trainRun(join(folder, 'added'), runConfig(dataset, spec, settings), dataset);
    const moved = [...model.parameters]
      .filter(([name, value]) => value.sub(base.model.parameters.get(name)!).abs().max().item() > 1e-6)
      .map(([name]) => name);
    expect(moved).toEqual(['fc.weight', 'fc.bias']);
  });
});

describe.skipIf(!hasFashionMnist)('trainRun through the natural editor', () => {
  it('steps in the metric of the model that it starts from, and stopped in between it ends at the same bits', async () => {
    const dataset = await loadDataset('fashion-mnist');
    const from = join(folder, 'plain');
    await trainRun(from, runConfig(dataset, spec, plain), dataset);
    const natural: TrainingSettings = {
      ...{
        ...plain,
        objective: 'editable',
        from,
        trainImages: 128,
        batchSize: 16,
        checkpointEvery: 2,
        cLoc: 1,
        cEdit: 1,
      },
      editor: { name: 'natural', hyperparameters: { overshoot: 0.3 }, layers: 'layer3', maxSteps: 20 },
    };
    const config = runConfig(dataset, spec, natural);
    const steps: StepMetrics[] = [];
    const whole = await trainRun(join(folder, 'whole'), config, dataset, { onStep: (metrics) => steps.push(metrics) });
    expect(steps).toHaveLength(8);
    expect(steps.every(({ success }) => success)).toBe(true);
    expect(Math.max(...steps.map(({ locality }) => locality))).toBeGreaterThan(0);
    // The overshoot is learned, like the step size of the others.
    expect(whole.editor!.hyperparameters.overshoot).not.toBe(0.3);
    const stopped = join(folder, 'stopped');
    const stop = ({ step }: StepMetrics): void => {
      if (step === 5) throw new Error('stopped');
    };
    await expect(trainRun(stopped, config, dataset, { onStep: stop })).rejects.toThrow('stopped');
    const continued = await trainRun(stopped, config, dataset);
    expect(modelHash(continued.model)).toBe(modelHash(whole.model));
  });

  it('needs a model to start from', async () => {
    const dataset = await loadDataset('fashion-mnist');
    const editor = { name: 'natural', hyperparameters: {}, layers: 'layer3', maxSteps: 5 } as const;
    const config = runConfig(dataset, spec, { ...plain, objective: 'editable', editor });
    const run = join(folder, 'fresh');
    await expect(trainRun(run, config, dataset)).rejects.toThrow(/^from: expected a run to start from/);
    expect(existsSync(run)).toBe(false);
  });
});
