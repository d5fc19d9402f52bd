/** Memory is a promise: native bytes and live tensors are the same after edits and training steps as before. */
import { manualSeed, memory, modelOf, randint, randn, scope } from '@editable/torch';
import { classification, defaultTraining, edit, resnet18, rmsprop, Trainer } from 'editable';
import { describe, expect, it } from 'vitest';

manualSeed(0);
const model = modelOf(resnet18({ width: 2, inChannels: 1 }));
const image = randn([1, 1, 16, 16]);
const megabyte = 2 ** 20;

describe('memory', () => {
  it('is the same after 1,000 edits as before, and the resident set stays flat', () => {
    const one = (target: number): number =>
      scope(
        () =>
          edit(model, classification(image, target), { editor: rmsprop({ learningRate: 3e-3 }), layers: 'layer3' })
            .steps,
      );
    for (let i = 0; i < 100; i++) one(i % 10);
    const before = memory();
    const residentBefore = process.memoryUsage().rss;
    let steps = 0;
    for (let i = 0; i < 1000; i++) steps += one(i % 10);
    expect(steps).toBeGreaterThan(1000);
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    expect(process.memoryUsage().rss - residentBefore).toBeLessThan(64 * megabyte);
  });

  it('holds nothing more than the edited tensors once an edit is returned', () => {
    const before = memory();
    const result = scope(() =>
      edit(model, classification(image, 3), { editor: rmsprop({ learningRate: 3e-3 }), layers: 'layer3' }),
    );
    expect(result.changed.length).toBeGreaterThan(0);
    expect(memory().tensors - before.tensors).toBe(result.changed.length);
    for (const name of result.changed) result.model.parameters.get(name)?.dispose();
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it('is given back when an edit throws', () => {
    const before = memory();
    const failing = {
      input: image,
      loss: (): never => {
        throw new Error('inside');
      },
    };
    expect(() => edit(model, failing, { editor: rmsprop() })).toThrow('inside');
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it.each(['plain', 'editable'] as const)(
    'is the same after 200 steps of %s training as after the first',
    (objective) => {
      const trainer = new Trainer(model, { ...defaultTraining, objective });
      const batch = { images: randn([8, 1, 16, 16]), labels: randint(10, [8], { dtype: 'int64' }) };
      const constraint = objective === 'plain' ? undefined : classification(image, 3, { margin: 1 });
      const step = (): number => trainer.step(batch, constraint, 1e-4).loss;
      for (let i = 0; i < 5; i++) step();
      const before = memory();
      for (let i = 0; i < 200; i++) step();
      expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    },
  );
});
