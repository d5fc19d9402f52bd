/** Memory is a promise: native bytes and live tensors are the same after edits and training steps as before. */
import { manualSeed, memory, modelOf, noGrad, randint, randn, scope, type Tensor } from '@editable/torch';
import {
  cifarResNet18,
  classification,
  defaultTraining,
  disposeFactors,
  edit,
  editTogether,
  firstStageOf,
  imageClassification,
  JacobianCurvature,
  jacobianRows,
  KroneckerCurvature,
  kroneckerFactors,
  natural,
  rmsprop,
  selectParameters,
  Trainer,
} from 'editable';
import { describe, expect, it } from 'vitest';

manualSeed(0);
const model = modelOf(cifarResNet18({ width: 2, inChannels: 1 }));
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
      const trainer = new Trainer(imageClassification, model, { ...defaultTraining, objective });
      const batch = { input: randn([8, 1, 16, 16]), target: randint(10, [8], { dtype: 'int64' }) };
      const constraint = objective === 'plain' ? undefined : classification(image, 3, { margin: 1 });
      const step = (): number => trainer.step(batch, constraint, 1e-4).loss;
      for (let i = 0; i < 5; i++) step();
      const before = memory();
      for (let i = 0; i < 200; i++) step();
      expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    },
  );
});

describe('memory of the natural editor', () => {
  const names = selectParameters(model, 'layer3');
  const from = firstStageOf(model, names);

  /** As control images come: made when asked for, freed when the next one is. */
  function* batches(count: number, seen: (tensors: number) => void): Generator<Tensor> {
    for (let i = 0; i < count; i++) {
      const received = scope(() => noGrad(() => model.call(randn([4, 1, 16, 16]), { to: from }).output));
      yield received;
      received.dispose();
      seen(memory().tensors);
    }
  }

  it('is that of one batch while factors are computed, and theirs alone afterwards', () => {
    const before = memory();
    const live: number[] = [];
    const factors = kroneckerFactors(
      model,
      batches(60, (tensors) => live.push(tensors)),
      { names, classes: 3 },
    );
    const matrices = factors.layers.flatMap((each) => each.matrices);
    expect(new Set(live)).toEqual(new Set([before.tensors + matrices.length]));
    expect(memory().tensors).toBe(before.tensors + matrices.length);
    const curvature = new KroneckerCurvature(factors, { damping: 0.01 });
    disposeFactors(factors.layers);
    expect(memory().tensors).toBe(before.tensors + matrices.length);
    curvature[Symbol.dispose]();
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it('is given back when a batch fails half-way', () => {
    const before = memory();
    const failing = function* (): Generator<Tensor> {
      yield* batches(2, () => undefined);
      throw new Error('unreadable');
    };
    expect(() => kroneckerFactors(model, failing(), { names, classes: 3 })).toThrow('unreadable');
    expect(() => jacobianRows(model, failing(), 12, { names, classes: 3 })).toThrow('unreadable');
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it('holds nothing more than the edited tensors after edits alone and together, on either curvature', () => {
    const control = (): Generator<Tensor> => batches(3, () => undefined);
    const factors = kroneckerFactors(model, control(), { names, classes: 3 });
    const kronecker = new KroneckerCurvature(factors, { damping: 0.01 });
    const rows = jacobianRows(model, control(), 12, { names, classes: 3 });
    const repairs = [2, 5, 7].map((target) => classification(randn([1, 1, 16, 16]), target));
    for (const curvature of [kronecker, new JacobianCurvature(rows, { base: kronecker })]) {
      const editor = natural({ curvature });
      for (const make of [
        () => edit(model, repairs[0]!, { editor, layers: 'layer3' }),
        () => editTogether(model, repairs, { editor }),
        () => editTogether(model, [...repairs, classification(repairs[0]!.input, 4)], { editor }),
      ]) {
        const before = memory();
        const result = make();
        expect(result.steps).toBeGreaterThan(0);
        expect(memory().tensors - before.tensors).toBe(result.changed.length);
        for (const name of result.changed) result.model.parameters.get(name)?.dispose();
        expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
      }
    }
  });

  it('is given back when an edit throws', () => {
    const curvature = new KroneckerCurvature(
      kroneckerFactors(
        model,
        batches(2, () => undefined),
        { names, classes: 3 },
      ),
      { damping: 0.01 },
    );
    const before = memory();
    const failing = {
      input: image,
      loss: (): never => {
        throw new Error('inside');
      },
    };
    expect(() => edit(model, failing, { editor: natural({ curvature }), layers: 'layer3' })).toThrow('inside');
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });
});
