import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nn, noGrad, scope } from '@editable/torch';
import { afterAll, describe, expect, it } from 'vitest';
import { hasFashionMnist } from '../../test/small-classifier.js';
import { loadDataset, subset } from '../data/index.js';
import { inBfloat16 } from '../evaluation/reduced-precision.js';
import { TestSet } from '../evaluation/test-set.js';
import { createModel, grownFrom } from '../models/registry.js';
import { tailOf } from '../models/tail.js';
import { modelHash } from '../patches/model-hash.js';
import { createRun, openRun } from '../runs/run.js';
import { runConfig } from '../runs/run-config.js';
import { trainingSplits } from '../runs/splits.js';
import { defaultTraining, type TrainingSettings } from './settings.js';
import { withStandardizedExtraLayer } from './standardized-extra-layer.js';
import { trainRun } from './train-run.js';
import type { StepMetrics } from './training-loop.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-standardized-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spec = { kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 } as const;
const grown = { ...spec, extra: { hidden: 16, standardized: true } } as const;

describe.skipIf(!hasFashionMnist)('a standardized extra layer', () => {
  const start = createModel(spec, { seed: 5 });

  it('changes nothing while it is new, and sees features of mean 0 and deviation 1', async () => {
    const dataset = await loadDataset('fashion-mnist');
    const { normalization } = dataset;
    const model = withStandardizedExtraLayer(grownFrom(start, grown), dataset, { normalization });
    const { train } = trainingSplits(dataset);
    using images = new TestSet(subset(train, [...Array(1000).keys()]), { normalization, batchSize: 1000 });
    scope(() =>
      noGrad(() => {
        const [batch] = images.images.over((each) => each);
        expect(model.call(batch!).output.equal(start.call(batch!).output)).toBe(true);
        // A new layer gives what it receives.
        const to = model.stages.findIndex(({ name }) => name === 'extra') + 1;
        const features = model.call(batch!, { to }).output;
        const [mean, deviation] = [model.buffers.get('extra.mean')!, model.buffers.get('extra.deviation')!];
        const seen = features.sub(mean).div(deviation);
        expect(seen.mean().abs().item()).toBeLessThan(0.1);
        expect(seen.square().mean().item()).toBeCloseTo(1, 0);
        const [weight, bias, contract] = ['expand.weight', 'expand.bias', 'contract.weight'].map(
          (name) => model.parameters.get(`extra.${name}`)!,
        );
        const moved = contract!.add(0.01);
        const changed = model.with({ parameters: new Map([['extra.contract.weight', moved]]) });
        const expected = features.add(seen.matmul(weight!.t()).add(bias!).elu().matmul(moved.t()));
        expect(changed.call(batch!, { to }).output.sub(expected).abs().max().item()).toBeLessThan(1e-4);
        using program = nn.optimizeForInference(changed, batch!.narrow(0, 0, 1)); // throws where it answers differently
        expect(program.run(batch!.narrow(0, 0, 1)).shape).toEqual([1, 10]);
        expect(inBfloat16(changed).call(batch!.to('bfloat16')).output.dtype).toBe('bfloat16');
      }),
    );
  });

  it('is a run that opens, is trained alone, and ends at the same bits where it was stopped', async () => {
    const dataset = await loadDataset('fashion-mnist');
    const from = join(folder, 'plain');
    createRun(from, runConfig(dataset, spec, null), start);
    const settings: TrainingSettings = {
      ...{ ...defaultTraining, from, freezeBefore: 'extra', augment: false, baseLoss: 'distillation', epochs: 2 },
      ...{ batchSize: 16, trainImages: 96, checkpointEvery: 2, cEdit: 1, cLoc: 1, schedule: 'cosine' },
      editor: { name: 'gd', hyperparameters: { learningRate: 1e-2 }, layers: 'extra', maxSteps: 10 },
    };
    const config = runConfig(dataset, grown, settings);
    const whole = await trainRun(join(folder, 'whole'), config, dataset);
    expect(tailOf(whole.model, 'extra').buffers.has('extra.mean')).toBe(true);
    expect(openRun(whole.folder).config.model).toEqual(grown);
    const stopped = join(folder, 'stopped');
    const stop = ({ step }: StepMetrics): void => {
      if (step === 7) throw new Error('stopped');
    };
    await expect(trainRun(stopped, config, dataset, { onStep: stop })).rejects.toThrow('stopped');
    const continued = await trainRun(stopped, config, dataset);
    expect(modelHash(continued.model)).toBe(modelHash(whole.model));
    // Training of the layer goes on from what it saw, which is not measured anew.
    const again = await trainRun(
      join(folder, 'again'),
      runConfig(dataset, grown, { ...settings, from: stopped, epochs: 1 }),
      dataset,
    );
    expect(again.model.buffers.get('extra.mean')!.equal(whole.model.buffers.get('extra.mean')!)).toBe(true);
  });

  it('needs a trained network', async () => {
    const dataset = await loadDataset('fashion-mnist');
    const config = runConfig(dataset, grown, { ...defaultTraining, objective: 'plain', trainImages: 64, epochs: 1 });
    await expect(trainRun(join(folder, 'fresh'), config, dataset)).rejects.toThrow(
      /^extra: expected a trained network/,
    );
    expect(existsSync(join(folder, 'fresh'))).toBe(false);
  });
});
