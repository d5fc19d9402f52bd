import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory, type nn, randn, readSafetensors, scope, type Tensor, writeSafetensors } from '@editable/torch';
import { afterAll, describe, expect, it } from 'vitest';
import { classification } from '../editing/constraints/classification.js';
import { edit } from '../editing/edit.js';
import { rmsprop } from '../editing/editors/index.js';
import { createModel } from '../models/registry.js';
import { modelHash } from './model-hash.js';
import { applyPatch, describePatch, type PatchDetails, savePatch } from './patch.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-patch-'));
afterAll(() => rmSync(folder, { recursive: true }));

const model = createModel({ kind: 'cifar-resnet18', width: 2, inChannels: 1, classes: 4 });
const image = randn([1, 1, 8, 8]);
const before = model.call(image).output.argmax().item();
const target = (before + 1) % 4;
const editor = rmsprop({ learningRate: 0.01 });
const repair = edit(model, classification(image, target), { editor, layers: 'layer3', maxSteps: 50 });
const path = join(folder, 'repair.safetensors');
const details: PatchDetails = {
  editor: 'rmsprop',
  hyperparameters: { learningRate: 0.01, beta: 0.5 },
  layers: 'layer3',
  steps: repair.steps,
  success: repair.success,
  target: { label: target, className: 'a frog', index: 17 },
  dataset: 'cifar-10',
  drawdown: -0.0125,
  flips: 3,
};
const info = savePatch(path, model, repair.model, repair.changed, details);

const failure = (body: () => unknown): unknown => {
  try {
    return body();
  } catch (error) {
    return error;
  }
};

/** The patch with its metadata or tensors changed. */
function rewritten(change: (file: { tensors: Map<string, never>; metadata: Map<string, string> }) => void): string {
  const { tensors, metadata } = readSafetensors(path);
  const file = { tensors: new Map(tensors) as Map<string, never>, metadata: new Map(metadata) };
  change(file);
  const changed = join(folder, 'changed.safetensors');
  writeSafetensors(changed, file.tensors, file.metadata);
  return changed;
}

const changedInfo = (change: object): string =>
  rewritten(({ metadata }) => {
    metadata.set('patch', JSON.stringify({ ...JSON.parse(metadata.get('patch') as string), ...change }));
  });

describe('savePatch and applyPatch', () => {
  it('give the edited model back to the bit, and share what it did not change', () => {
    expect(repair.success).toBe(true);
    const applied = applyPatch(model, path);
    expect(modelHash(applied.model)).toBe(modelHash(repair.model));
    expect(applied.info).toEqual(info);
    expect(applied.model.call(image).output.argmax().item()).toBe(target);
    expect(applied.model.parameters.get('fc.weight')).toBe(model.parameters.get('fc.weight'));
  });

  it('leave the model as it was: reverting is using it', () => {
    expect(modelHash(model)).toBe(info.baseHash);
    expect(model.call(image).output.argmax().item()).toBe(before);
  });

  it('hold only the changed tensors, and say what they are for', () => {
    const described = describePatch(path);
    expect(described.tensors.map(({ name }) => name).sort()).toEqual([...repair.changed].sort());
    const { createdAt, baseHash, resultHash, tensors, bytes, ...rest } = described;
    expect(rest).toEqual(details);
    expect([baseHash, resultHash]).toEqual([modelHash(model), modelHash(repair.model)]);
    expect(Date.parse(createdAt)).toBeGreaterThan(Date.parse('2020-01-01'));
    const sizes = repair.changed.map((name) => (repair.model.parameters.get(name) as Tensor).nbytes);
    expect(bytes).toBe(sizes.reduce((sum, size) => sum + size));
  });

  it('stack, in the order they were made and in no other', () => {
    const constraint = classification(image, (target + 1) % 4);
    const second = edit(repair.model, constraint, { editor, layers: 'layer4', maxSteps: 50 });
    const secondPath = join(folder, 'second.safetensors');
    savePatch(secondPath, repair.model, second.model, second.changed, details);
    const both = applyPatch(applyPatch(model, path).model, secondPath).model;
    expect(modelHash(both)).toBe(modelHash(second.model));
    expect(failure(() => applyPatch(model, secondPath))).toMatchObject({
      code: 'INVALID_PATCH',
      message: `cannot use ${secondPath} as a patch: it was made for the model ${info.resultHash.slice(0, 12)}…, and this one is ${info.baseHash.slice(0, 12)}…; apply patches to the model that they were made for, in the order they were made.`,
    });
  });

  it('keep an edit that had nothing to do', () => {
    const nothing = join(folder, 'nothing.safetensors');
    savePatch(nothing, model, model, [], details);
    expect(modelHash(applyPatch(model, nothing).model)).toBe(info.baseHash);
  });

  it('free what they make', () => {
    const started = memory().tensors;
    scope(() => {
      applyPatch(model, path);
    });
    failure(() => applyPatch(repair.model, path));
    expect(memory().tensors).toBe(started);
  });
});

describe('savePatch', () => {
  const never = join(folder, 'never.safetensors');
  const tensors = (change: (value: Tensor) => Tensor, name: string): nn.Model =>
    model.with({ parameters: new Map([[name, change(model.parameters.get(name) as Tensor)]]) });

  it.each<[string, () => unknown, string, string]>([
    [
      'a tensor that is not named',
      () => savePatch(never, model, repair.model, [], details),
      'INVALID_ARGUMENT',
      'layer3',
    ],
    ['an unknown name', () => savePatch(never, model, repair.model, ['x'], details), 'INVALID_ARGUMENT', '"x"'],
    [
      'NaN',
      () =>
        savePatch(
          never,
          model,
          tensors((value) => value.mul(Number.NaN), 'fc.bias'),
          ['fc.bias'],
          details,
        ),
      'NOT_FINITE',
      'fc.bias',
    ],
    [
      'a drawdown that is no number',
      () => savePatch(never, model, repair.model, repair.changed, { ...details, drawdown: Number.NaN }),
      'INVALID_ARGUMENT',
      'drawdown is not a number',
    ],
  ])('refuses %s and writes nothing', (_, save, code, message) => {
    expect(failure(save)).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(existsSync(never)).toBe(false);
  });
});

describe('applyPatch', () => {
  it.each<[string, () => string, string]>([
    ['weights', () => rewritten(({ metadata }) => metadata.clear()), 'not one that `editable edit` wrote'],
    ['a newer version', () => rewritten(({ metadata }) => void metadata.set('version', '2')), 'newer version'],
    ['no description', () => rewritten(({ metadata }) => void metadata.delete('patch')), 'description is not JSON'],
    ['a wrong field', () => changedInfo({ steps: -1 }), 'its steps is not a whole number'],
    ['a wrong target', () => changedInfo({ target: { label: 1.5 } }), 'its target.label is not a whole number'],
    ['control characters', () => changedInfo({ editor: '\u001b[2J' }), 'its editor is not short text'],
    ['a wrong base', () => changedInfo({ baseHash: 'a'.repeat(64) }), 'made for the model aaaaaaaaaaaa…'],
    ['a wrong result', () => changedInfo({ resultHash: 'a'.repeat(64) }), 'its tensors do not give the model'],
    [
      'a name the model lacks',
      () => rewritten(({ tensors }) => void tensors.set('x', tensors.values().next().value as never)),
      'has no tensor "x"',
    ],
    [
      'another shape',
      () => rewritten(({ tensors }) => void tensors.set('fc.bias', tensors.values().next().value as never)),
      'expected "fc.bias" as float32[4], received float32',
    ],
    [
      'something else',
      () => {
        writeFileSync(join(folder, 'text'), 'not a patch');
        return join(folder, 'text');
      },
      'it is another kind of file',
    ],
    [
      'half a patch',
      () => {
        writeFileSync(join(folder, 'half'), readFileSync(path).subarray(0, 3000));
        return join(folder, 'half');
      },
      'it is truncated',
    ],
  ])('refuses %s in one sentence', (_, make, message) => {
    const error = failure(() => applyPatch(model, make()));
    expect(error).toMatchObject({ code: 'INVALID_PATCH', message: expect.stringContaining(message) });
    expect((error as Error).message).not.toContain('\n');
  });

  it('refuses values that are not finite, and files that are not there', () => {
    const bad = rewritten(({ tensors }) => {
      const [name, tensor] = [...tensors][0] as [string, { bytes: Uint8Array }];
      tensors.set(name, { ...tensor, bytes: tensor.bytes.slice().fill(255) } as never);
    });
    expect(failure(() => applyPatch(model, bad))).toMatchObject({ code: 'NOT_FINITE' });
    expect(failure(() => applyPatch(model, join(folder, 'absent')))).toMatchObject({ code: 'INVALID_FILE' });
  });
});
