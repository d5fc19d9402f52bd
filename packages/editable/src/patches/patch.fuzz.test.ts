/** Damaged patches: each applies, or is refused with one of this project's errors; the model is never half-changed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory, modelOf, nn, scope, type Tensor, TorchError, tensor } from '@editable/torch';
import { afterAll, describe, expect, it } from 'vitest';
import { type RandomStream, stream } from '../data/random.js';
import { EditableError } from '../errors.js';
import { modelHash } from './model-hash.js';
import { applyPatch, describePatch, savePatch } from './patch.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-patch-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

class Small extends nn.Module {
  readonly fc = new nn.Linear(3, 2);
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.fc.forward(input, context);
  }
}

const model = modelOf(new Small());
const edited = model.with({ parameters: new Map([['fc.bias', tensor([1, 2])]]) });
const path = join(folder, 'patch');
savePatch(path, model, edited, ['fc.bias'], {
  editor: 'gd',
  hyperparameters: { learningRate: 0.1 },
  layers: 'all',
  steps: 1,
  success: true,
  target: { label: 3, image: 'frog.png' },
  drawdown: 0.01,
});
const original = readFileSync(path);
const result = modelHash(edited);

/** Cuts, lengthens, overwrites, repeats or swaps bytes, in the header and in the description within it. */
function mutated(random: RandomStream): Uint8Array {
  let bytes = Uint8Array.from(original);
  for (let times = 1 + random.int(3); times > 0 && bytes.length > 0; times--) {
    const at = random.int(bytes.length);
    const kind = random.int(6);
    if (kind === 0) bytes = bytes.slice(0, at);
    else if (kind === 1) bytes = Uint8Array.of(...bytes, ...bytes.subarray(0, at));
    else if (kind === 2) bytes[at] = random.int(256);
    else if (kind === 3) bytes[at]! ^= 1 << random.int(8);
    else if (kind === 4) bytes[at] = '"{}[],:0-e\\'.charCodeAt(random.int(11));
    else bytes.copyWithin(at, random.int(bytes.length), random.int(bytes.length));
  }
  return bytes;
}

const attempt = (use: () => unknown): unknown => {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof EditableError || error instanceof TorchError)) throw error;
    expect(error.message).not.toContain('\n');
    return error.code;
  }
};

describe('mutated patches', () => {
  it('1,500 apply to the same result or are refused in one sentence', () => {
    const outcomes = new Map<unknown, number>();
    const before = memory().tensors;
    for (let i = 0; i < 1500; i++) {
      writeFileSync(path, mutated(stream(i, 'patch')));
      const outcome = attempt(() => scope(() => modelHash(applyPatch(model, path).model)));
      attempt(() => describePatch(path));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()].sort()).toEqual([result, 'INVALID_PATCH'].sort());
    expect(outcomes.get('INVALID_PATCH')).toBeGreaterThan(1000);
    expect(memory().tensors).toBe(before);
  });
});
