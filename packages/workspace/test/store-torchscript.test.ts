/** A store of a TorchScript program: repaired like any network, its curvature made anew each time from the same images. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createModel,
  createRun,
  type ImageDataset,
  imageSplit,
  keepScript,
  modelHash,
  openRun,
  runConfig,
  stream,
} from 'editable';
import { afterAll, describe, expect, it } from 'vitest';
import {
  activate,
  addBase,
  approve,
  benchOf,
  loadRelease,
  makeRelease,
  makeStore,
  type OpenedModel,
  propose,
  testPicture,
  verifyStore,
} from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-store-script-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fixtures = fileURLToPath(new URL('../../../test/torchscript/fixtures/', import.meta.url));

const noise = (count: number, use: string): ReturnType<typeof imageSplit> => {
  const random = stream(0, 'noise', use);
  const pixels = Uint8Array.from({ length: count * 784 }, () => random.int(256));
  return imageSplit(
    pixels,
    Uint8Array.from({ length: count }, (_, i) => i % 10),
    [1, 28, 28],
  );
};

const dataset = (use: string): ImageDataset => {
  const splits = { train: noise(300, `${use} train`), test: noise(60, 'test') };
  return {
    name: 'noise',
    folder: 'nowhere',
    classes: [...'0123456789'],
    shape: [1, 28, 28],
    normalization: { mean: [0.5], std: [0.25] },
    augmentation: { padding: 0, flip: false },
    split: (which) => splits[which],
  };
};

describe('a store of a TorchScript program', () => {
  it('releases, serves and verifies; other control images are refused', async () => {
    const spec = { kind: 'torchscript', file: 'classifier.pt' } as const;
    const own = dataset('own');
    keepScript(join(fixtures, spec.file), join(folder, 'run'), spec.file);
    const run = createRun(join(folder, 'run'), runConfig(own, spec, null), createModel(spec, { folder: fixtures }));
    const opened: OpenedModel = { run, dataset: own, model: run.model, patches: [], device: 'cpu' };
    const store = makeStore(join(folder, 'store'), opened, {
      by: 'ann',
      layers: ['fc'],
      controlImages: 100,
      settle: 2,
    });
    expect(store.base.solver).toMatchObject({ layers: 'fc', curvature: null, controlImages: 100, settle: 2 });
    expect(() => addBase(store, opened, { by: 'ann', metric: 'ekfac' })).toThrow(
      'metric: expected a network whose layers are known, received ekfac for a TorchScript program',
    );
    const kept = openRun(store.files.baseFolder(store.base.base));
    const there = { ...opened, run: kept, model: kept.model };
    const bench = benchOf(store, store.base, there);
    const wish = propose(bench, { picture: testPicture(3, own), target: 4, by: 'ann', why: 'wrong' });
    approve(store, wish.id, { by: 'bob', why: 'seen' });
    const { stored, release } = await makeRelease(bench, { by: 'bob' });
    expect(release.effect.repairs).toMatchObject([{ holds: true }]);
    activate(store, stored.id, { by: 'bob', override: 'a test' });
    expect(modelHash(loadRelease(bench, store.state.active).model)).toBe(release.result);
    expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
    expect(() => benchOf(store, store.base, { ...there, dataset: dataset('other') })).toThrow(
      'control: expected the control images that the store was made with',
    );
  });
});
