import { manualSeed, modelOf, nn, randn, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { imageClassification } from '../tasks/image-classification.js';
import { defaultTraining, type TrainingSettings } from './settings.js';
import { Trainer } from './trainer.js';

manualSeed(4);
const model = modelOf(new nn.Sequential([new nn.Linear(3, 4), new nn.Linear(4, 2)]));
const batch = { input: randn([8, 3]), target: tensor(BigInt64Array.from([0n, 1n, 0n, 1n, 0n, 1n, 0n, 1n])) };
const settings: TrainingSettings = { ...defaultTraining, objective: 'plain', optimizer: 'sgd', nesterov: false };
const added = new Set(['1.weight', '1.bias']);

/** How far each parameter went in one step at a learning rate of 0.01. */
function moved(own: Partial<TrainingSettings>): Map<string, number> {
  const trainer = new Trainer(imageClassification, model, { ...settings, learningRate: 0.01, ...own }, { added });
  trainer.step(batch, undefined, 0.01);
  const { parameters } = trainer.snapshot();
  return new Map(
    [...parameters].map(([name, value]) => [name, value.sub(model.parameters.get(name)!).abs().sum().item()]),
  );
}

describe('Trainer', () => {
  it('moves added layers by their own learning rate', () => {
    const [same, faster] = [moved({}), moved({ addedLearningRate: 0.1 })];
    for (const [name, distance] of same) expect(faster.get(name)! / distance).toBeCloseTo(added.has(name) ? 10 : 1, 3);
  });

  it.each([
    ['two learning rates', { addedLearningRate: 0.1 }],
    ['mixed precision', { precision: 'bfloat16' }],
  ] as const)('continues from its state with %s', (_, more) => {
    const own = { ...settings, ...more };
    const [whole, first, second] = [0, 1, 2].map(() => new Trainer(imageClassification, model, own, { added }));
    for (let step = 0; step < 4; step++) whole!.step(batch, undefined, 0.01);
    for (let step = 0; step < 2; step++) first!.step(batch, undefined, 0.01);
    second!.load(first!.state());
    for (let step = 0; step < 2; step++) second!.step(batch, undefined, 0.01);
    for (const [name, value] of whole!.snapshot().parameters)
      expect(second!.snapshot().parameters.get(name)!.equal(value)).toBe(true);
  });
});
