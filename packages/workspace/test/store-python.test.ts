/** Exported releases in PyTorch: torchvision's class with the state dict, and the TorchScript program, give our logits. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHost, noGrad, randn, readSafetensors, writeSafetensors } from '@editable/torch';
import {
  createModel,
  createRun,
  type ImageDataset,
  imageSplit,
  keepScript,
  type ModelSpec,
  openRun,
  runConfig,
  stream,
} from 'editable';
import { afterAll, describe, expect, it } from 'vitest';
import {
  approve,
  type Bench,
  benchOf,
  exportRelease,
  loadRelease,
  makeRelease,
  makeStore,
  type OpenedModel,
  propose,
  testPicture,
} from '../src/index.js';

const python = '/usr/bin/python3';
const hasTorchvision = spawnSync(python, ['-c', 'import torchvision']).status === 0;
const why = hasTorchvision ? '' : ` (skipped: ${python} has no torchvision)`;
const folder = mkdtempSync(join(tmpdir(), 'editable-store-python-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fixtures = fileURLToPath(new URL('../../../test/torchscript/fixtures/', import.meta.url));

describe.skipIf(!hasTorchvision)(`exportRelease${why}`, () => {
  it('gives the state dict of torchvision’s class', async () => {
    const sizes = { inChannels: 3, classes: 10 };
    const { bench, id } = await released({ kind: 'resnet18', ...sizes }, [3, 32, 32]);
    const path = join(folder, 'resnet18.pt');
    exportRelease(bench, { id, format: 'pytorch', path });
    expectSameLogits(
      bench,
      id,
      [5, 3, 32, 32],
      [
        'model = torchvision.models.resnet18(num_classes=10)',
        `model.load_state_dict(torch.load(${JSON.stringify(path)}, weights_only=True))`,
      ],
    );
  });

  it('gives a program with the release’s weights, which the base’s own has not', async () => {
    const { bench, id } = await released({ kind: 'torchscript', file: 'classifier.pt' }, [1, 28, 28]);
    const [path, base] = [join(folder, 'release.pt'), join(folder, 'base.pt')];
    exportRelease(bench, { id, format: 'torchscript', path });
    const load = (file: string): readonly string[] => [`model = torch.jit.load(${JSON.stringify(file)})`];
    expectSameLogits(bench, id, [5, 1, 28, 28], load(path));
    exportRelease(bench, { id: null, format: 'torchscript', path: base });
    expectSameLogits(bench, null, [5, 1, 28, 28], load(base));
    expect(() => expectSameLogits(bench, id, [5, 1, 28, 28], load(base))).toThrow();
  });
});

describe('exportRelease of a network as a program', () => {
  it('is refused, and leaves no file', async () => {
    const { bench, id } = await released({ kind: 'resnet20', inChannels: 1, classes: 10 }, [1, 28, 28]);
    const path = join(folder, 'none.pt');
    expect(() => exportRelease(bench, { id, format: 'torchscript', path })).toThrow(
      'export: expected a base that is a TorchScript program, this one is resnet20',
    );
  });
});

/** A store of the network with one repair released. */
async function released(
  spec: ModelSpec,
  shape: readonly [number, number, number],
): Promise<{ bench: Bench; id: string }> {
  const at = (name: string): string => join(folder, `${spec.kind}-${name}`);
  const dataset = noise(shape);
  if (spec.kind === 'torchscript') keepScript(join(fixtures, spec.file), at('run'), spec.file);
  const run = createRun(at('run'), runConfig(dataset, spec, null), createModel(spec, { folder: fixtures }));
  const opened: OpenedModel = { run, dataset, model: run.model, patches: [], device: 'cpu' };
  const store = makeStore(at('store'), opened, {
    by: 'ann',
    layers: [spec.kind === 'resnet20' ? 'linear' : 'fc'],
    controlImages: 50,
  });
  const kept = openRun(store.files.baseFolder(store.base.base));
  const bench = benchOf(store, store.base, { ...opened, run: kept, model: kept.model });
  const wish = propose(bench, { picture: testPicture(3, dataset), target: 4, by: 'ann', why: 'wrong' });
  approve(store, wish.id, { by: 'bob', why: 'seen' });
  const { stored } = await makeRelease(bench, { by: 'bob' });
  return { bench, id: stored.id };
}

function expectSameLogits(bench: Bench, id: string | null, shape: readonly number[], load: readonly string[]): void {
  const [asked, answered] = [join(folder, 'input.safetensors'), join(folder, 'logits.safetensors')];
  const input = randn(shape);
  writeSafetensors(asked, new Map([['input', input.toHost()]]));
  const program = [
    'import sys, torch, torchvision',
    `sys.path.insert(0, ${JSON.stringify(fileURLToPath(new URL('../../../test/parity/', import.meta.url)))})`,
    'from safetensors_io import load, save',
    ...load,
    'model.eval()',
    `save(${JSON.stringify(answered)}, {'logits': model(load(${JSON.stringify(asked)})['input']).detach()})`,
  ];
  execFileSync(python, ['-c', program.join('\n')]);
  const theirs = fromHost(readSafetensors(answered).tensors.get('logits')!);
  const ours = noGrad(() => loadRelease(bench, id).model.call(input).output);
  expect(ours.sub(theirs).abs().amax().item()).toBeLessThan(1e-4);
}

function noise(shape: readonly [number, number, number]): ImageDataset {
  const split = (count: number, use: string): ReturnType<typeof imageSplit> => {
    const random = stream(0, 'noise', use);
    const pixels = Uint8Array.from({ length: count * shape[0] * shape[1] * shape[2] }, () => random.int(256));
    return imageSplit(
      pixels,
      Uint8Array.from({ length: count }, (_, i) => i % 10),
      shape,
    );
  };
  const splits = { train: split(120, 'train'), test: split(30, 'test') };
  return {
    name: 'noise',
    folder: 'nowhere',
    classes: [...'0123456789'],
    shape,
    normalization: { mean: Array(shape[0]).fill(0.5), std: Array(shape[0]).fill(0.25) },
    augmentation: { padding: 0, flip: false },
    split: (which) => splits[which],
  };
}
