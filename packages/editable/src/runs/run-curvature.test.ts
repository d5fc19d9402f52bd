import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  loadSafetensors,
  manualSeed,
  memory,
  modelOf,
  type nn,
  ones,
  saveSafetensors,
  type Tensor,
} from '@editable/torch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ImageSplit, imageSplit, stream } from '../data/index.js';
import { loadFactors, saveFactors } from '../editing/curvature/curvature-file.js';
import { selectParameters } from '../editing/layers.js';
import { ControlImages, controlCurvature, controlFactors } from '../evaluation/control-curvature.js';
import { cifarResNet18 } from '../models/cifar-resnet18.js';
import { createModel } from '../models/registry.js';
import { modelHash } from '../patches/model-hash.js';
import type { Run } from './run.js';
import { runCurvature, runFactors } from './run-curvature.js';

const normalization = { mean: [0.5], std: [0.25] };

/** Noise of [channels, side, side]. */
function noise(count: number, side: number, channels = 1): ImageSplit {
  const random = stream(0, 'noise');
  const pixels = Uint8Array.from({ length: count * channels * side * side }, () => random.int(256));
  return imageSplit(pixels, new Uint8Array(count), [channels, side, side]);
}

manualSeed(2);
const model = modelOf(cifarResNet18({ width: 2, inChannels: 1 }));
const names = selectParameters(model, 'layer4.1.conv2');
const split = noise(30, 12);
const control = new ControlImages(split, { normalization, images: 20 });

let folder: string;
let run: Run;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'editable-curvature-'));
  run = { folder, model, editor: null } as unknown as Run;
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (): string => join(folder, 'curvature.safetensors');
const matricesOf = (found: ReturnType<typeof runFactors>): unknown =>
  found.factors.layers.map(({ matrices }) => matrices.map((each) => each.tolist()));

describe('runFactors', () => {
  it('computes factors once, and reads them afterwards to the same bits', () => {
    const first = runFactors(run, control, names);
    expect(first).toMatchObject({ found: false, path: path(), factors: { names, count: 20 } });
    const again = runFactors(run, control, names);
    expect(again).toMatchObject({ found: true, factors: { names, count: 20 } });
    expect(matricesOf(again)).toEqual(matricesOf(first));
  });

  it('computes them again for other control images and other layers, and keeps the latest', () => {
    runFactors(run, control, names);
    const others = new ControlImages(split, { normalization, images: 20, seed: 1 });
    expect(runFactors(run, others, names).found).toBe(false);
    expect(runFactors(run, others, selectParameters(model, 'fc')).found).toBe(false);
    expect(runFactors(run, others, names).found).toBe(false);
    expect(runFactors(run, others, names).found).toBe(true);
  });

  it('takes no file of another model, and leaves it', () => {
    runFactors(run, control, names);
    const kept = readFileSync(path());
    const other = model.with({ parameters: new Map([['fc.bias', ones([10])]]) });
    expect(() => runFactors({ ...run, model: other }, control, names)).toThrow(
      expect.objectContaining({
        code: 'INVALID_FILE',
        message: `${path()} is the curvature of another model; remove it, or run editable curvature again.`,
      }),
    );
    expect(readFileSync(path()).equals(kept)).toBe(true);
  });

  it('says of a damaged file that it is, wherever it is cut', () => {
    runFactors(run, control, names);
    const whole = readFileSync(path());
    for (const length of [0, 7, 200, whole.length / 2, whole.length - 1]) {
      writeFileSync(path(), whole.subarray(0, length));
      expect(() => runFactors(run, control, names), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining(path()) }),
      );
      expect(readFileSync(path())).toHaveLength(Math.floor(length));
    }
  });

  it.each([
    [
      'numbers that are not finite',
      /has numbers that are not finite for layer4\.1\.conv2\.weight/,
      spoiled(Number.NaN),
    ],
    ['infinite numbers', /has numbers that are not finite/, spoiled(Number.POSITIVE_INFINITY)],
    [
      'a factor of another shape',
      /has a factor \[1, 3, 3\] for layer4\.1\.conv2\.weight, where the layer has \[1, 144, 144\]/,
      (tensors, about) => [changed(tensors, ones([1, 3, 3])), about],
    ],
    [
      'a factor too few',
      /lacks the factors of layer4\.1\.conv2\.weight/,
      (tensors, about) => [without(tensors), about],
    ],
    ['names of another model', /names parameters that the model does not have/, said('parameters', '["fc.gain"]')],
    ['names that are no list', /names parameters that the model does not have/, said('parameters', '{')],
    ['no count', /does not say how many control inputs it is of/, said('count', 'many')],
    ['another format', /is not a file of curvature/, said('format', 'editable patch 1')],
  ] as [string, RegExp, Damage][])('refuses a file with %s', (_, message, damage) => {
    runFactors(run, control, names);
    const { tensors, metadata } = loadSafetensors(path());
    saveSafetensors(path(), ...damage(tensors, metadata));
    const before = memory().tensors;
    expect(() => runFactors(run, control, names)).toThrow(
      expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringMatching(message) }),
    );
    expect(memory().tensors).toBe(before);
  });

  it('leaves nothing behind where the model’s numbers, the images or the layers do not do', () => {
    const broken = model.with({ parameters: new Map([['layer1.0.conv1.weight', ones([2, 2, 3, 3]).mul(Number.NaN)]]) });
    const coloured = new ControlImages(noise(12, 12, 3), {
      normalization: { mean: [0.5, 0.5, 0.5], std: [1, 1, 1] },
    });
    const before = memory().tensors;
    const failing: [() => unknown, object][] = [
      [() => runFactors({ ...run, model: broken }, control, names), { code: 'NOT_FINITE' }],
      [
        () => runFactors(run, coloured, names),
        {
          code: 'INVALID_ARGUMENT',
          message: expect.stringMatching(/the model does not take control images of \[3, 12, 12\]: .*conv/),
        },
      ],
    ];
    for (const [attempt, error] of failing) expect(attempt).toThrow(expect.objectContaining(error));
    expect(memory().tensors).toBe(before);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('runCurvature', () => {
  it('solves as the factors read from the file do, and says whose it is', () => {
    const vector = [ones([1, 16, 16, 3, 3])];
    const first = runCurvature(run, control)(names);
    const read = runCurvature(run, control);
    expect(read(names)).toBe(read(names));
    expect(read(names).solve(vector)[0]?.tolist()).toEqual(first.solve(vector)[0]?.tolist());
    expect(first.identity).toEqual({ kind: 'kronecker', damping: 0.01, images: 20, control: control.hash });
  });

  it('is made of gradients for a TorchScript model, and leaves no file', () => {
    const fixtures = fileURLToPath(new URL('../../../../test/torchscript/fixtures/', import.meta.url));
    const script = createModel({ kind: 'torchscript', file: 'classifier.pt' }, { folder: fixtures });
    const images = new ControlImages(noise(12, 28), { normalization });
    const curvature = runCurvature({ ...run, model: script }, images)(['fc.weight', 'fc.bias']);
    expect(curvature.identity).toMatchObject({ kind: 'jacobian', images: 12, rows: 48, control: images.hash });
    expect(existsSync(path())).toBe(false);
  });
});

describe('ControlImages', () => {
  it('are at least ten', () => {
    expect(() => new ControlImages(noise(3, 12), { normalization })).toThrow(
      'curvature: expected at least 10 images to draw control images from, received 3; a few hundred serve, without labels.',
    );
    expect(() => new ControlImages(split, { normalization, images: 3 })).toThrow(
      'curvature: expected from 10 to 30 control images, received 3; a few hundred serve.',
    );
    expect(() => new ControlImages(split, { normalization, images: 31 })).toThrow(/from 10 to 30 .* received 31/);
  });

  it('have a hash of what they are, not of how they were drawn', () => {
    const all = (options: object): string => new ControlImages(split, { normalization, ...options }).hash;
    expect(all({ seed: 1 })).toBe(all({ seed: 2 }));
    expect(all({ images: 20, seed: 1 })).not.toBe(all({ images: 20, seed: 2 }));
    expect(all({ normalization: { mean: [0], std: [1] } })).not.toBe(all({}));
  });

  it('are freed batch by batch, and when a reader stops or throws', () => {
    const many = new ControlImages(noise(120, 12), { normalization });
    const before = memory().tensors;
    const held = [...counted(many)];
    expect(held).toEqual([before + 1, before + 1, before + 1]);
    for (const _ of many.batches(model, 2)) break;
    expect(memory().tensors).toBe(before);
    const curvature = controlCurvature(model, many)(names);
    curvature[Symbol.dispose]();
    expect(memory().tensors).toBe(before);
  });

  function* counted(images: ControlImages): Generator<number> {
    for (const _ of images.batches(model, 2)) yield memory().tensors;
  }
});

describe('saveFactors', () => {
  it('is read back by loadFactors for groups, biases and normalisations alike', () => {
    const edited = selectParameters(model, 'layer2');
    const factors = controlFactors(model, control, [...edited, 'fc.weight', 'fc.bias']);
    saveFactors(path(), factors, { model: modelHash(model), control: 'here' });
    const kept = loadFactors(path(), model, modelHash(model));
    expect(kept.control).toBe('here');
    expect(kept.factors.layers.map(({ block }) => block)).toEqual(factors.layers.map(({ block }) => block));
    for (const [i, { matrices }] of factors.layers.entries())
      for (const [j, each] of matrices.entries())
        expect(kept.factors.layers[i]?.matrices[j]?.tolist()).toEqual(each.tolist());
  });
});

type Damage = (
  tensors: nn.NamedTensors,
  about: ReadonlyMap<string, string>,
) => [nn.NamedTensors, ReadonlyMap<string, string>];

function changed(tensors: nn.NamedTensors, value: Tensor): nn.NamedTensors {
  const [first] = [...tensors.keys()].filter((name) => name.endsWith(':inputs'));
  return new Map([...tensors, [first as string, value]]);
}

function without(tensors: nn.NamedTensors): nn.NamedTensors {
  return new Map([...tensors].slice(1));
}

function spoiled(by: number): Damage {
  return (tensors, about) => {
    const [name, value] = [...tensors].find(([each]) => each.endsWith(':inputs')) as [string, Tensor];
    const spot = value.clone();
    spot.view([-1]).narrow(0, 5, 1).mul_(0).add_(by);
    return [new Map([...tensors, [name, spot]]), about];
  };
}

function said(name: string, value: string): Damage {
  return (tensors, about) => [tensors, new Map([...about, [name, value]])];
}
