/** The command line on a folder of photographs: from a network trained on them to a patch that repairs one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stream } from 'editable';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../bin/editable.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'editable-photographs-'));
const at = (...path: string[]): string => join(root, ...path);
const ids = ['n01', 'n02', 'n03'];

beforeAll(async () => {
  writeFileSync(at('classes.txt'), 'n00\tnothing\nn01\tred\nn02\tgreen\nn03\tblue\n');
  const random = stream(5, 'photographs');
  for (const [split, count] of [
    ['train', 16],
    ['val', 5],
  ] as const) {
    for (const [channel, id] of ids.entries()) {
      mkdirSync(at('photos', split, id), { recursive: true });
      for (let i = 0; i < count; i++) {
        const pixels = Uint8Array.from({ length: 48 * 40 * 3 }, (_, j) => random.int(j % 3 === channel ? 256 : 128));
        await sharp(pixels, { raw: { width: 48, height: 40, channels: 3 } })
          .jpeg()
          .toFile(at('photos', split, id, `${i}.jpg`));
      }
    }
  }
  const words = 'train --model resnet20 --objective plain --epochs 2 --batch-size 8 --resize 36 --crop 32'.split(' ');
  const outcome = editable([...words, '--dataset', at('photos'), '--classes', at('classes.txt'), '--out', at('run')]);
  expect(outcome.code, outcome.err).toBe(0);
});

afterAll(() => rmSync(root, { recursive: true }));

function editable(words: readonly string[]): { code: number | null; out: string; err: string } {
  const env = { ...process.env, XDG_CACHE_HOME: at('cache') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...words], { encoding: 'utf8', env });
  return { code: status, out: stdout, err: stderr };
}

function document(...words: string[]): Record<string, unknown> {
  const { code, out, err } = editable([...words, '--json']);
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

function refusal(...words: string[]): string {
  const { code, out, err } = editable(words);
  expect({ code, out }, err).toEqual({ code: 1, out: '' });
  return err.trim();
}

const configOf = (run: string): Record<string, unknown> => JSON.parse(readFileSync(at(run, 'config.json'), 'utf8'));

describe('editable on a folder of photographs', () => {
  it('keeps in the run where they are and how they are prepared', () => {
    expect(configOf('run')).toMatchObject({
      dataset: { folder: at('photos'), classes: at('classes.txt') },
      classes: ['nothing', 'red', 'green', 'blue'],
      shape: [3, 32, 32],
      preprocessing: { resize: 36, crop: 32 },
      normalization: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    });
    expect(editable(['info', at('run')]).out).toContain(`${at('photos')}, 4 classes: nothing, red`);
  });

  it('trains on random crops of photographs read anew, on shifted crops where asked, and says so in the run', () => {
    expect(configOf('run')).toMatchObject({ training: { augment: true, augmentation: 'random-resized-crop' } });
    const crops = (): number =>
      readdirSync(at('cache/editable/photographs')).filter((name) => name.endsWith('.crops')).length;
    // Of the val split alone.
    expect(crops()).toBe(1);
    const words = 'train --model resnet20 --objective plain --epochs 1 --batch-size 8 --resize 36 --crop 32'.split(' ');
    const source = ['--dataset', at('photos'), '--classes', at('classes.txt'), '--augmentation', 'shift'];
    document(...words, ...source, '--out', at('shifted'));
    expect((configOf('shifted') as { training: object }).training).not.toHaveProperty('augmentation');
    expect(crops()).toBe(2);
    const fashion = [
      'train',
      '--dataset',
      'fashion-mnist',
      '--augmentation',
      'random-resized-crop',
      '--out',
      at('none'),
    ];
    expect(refusal(...fashion)).toContain('--augmentation: expected shift, as fashion-mnist has no photographs');
  });

  it('predicts the same of a photograph by its number and by its file', () => {
    const byIndex = document('predict', at('run'), '--index', '0');
    const byFile = document('predict', at('run'), '--image', at('photos/val/n01/0.jpg'));
    expect(byIndex.truth).toBe(1);
    expect(byFile.top).toEqual(byIndex.top);
  });

  it('evaluates, edits and repairs, and a patch is applied', () => {
    const gradient = ['--editor', 'gd', '--learning-rate', '1', '--layers', 'all'];
    expect(document('evaluate', at('run'), ...gradient, '--edits', '3')).toMatchObject({ testImages: 15, edits: 3 });
    const patch = at('fix.safetensors');
    const wrong = document('edit', at('run'), '--index', '0', '--target', 'blue', '--layers', 'all', '--out', patch);
    expect(wrong).toMatchObject({ success: true, target: { label: 3, name: 'blue' } });
    expect(document('predict', at('run'), '--index', '0', '--patch', patch)).toMatchObject({ name: 'blue' });
    const list = at('repairs.jsonl');
    writeFileSync(list, '{"image": "photos/val/n02/1.jpg", "target": "red"}\n{"index": 1, "target": 1}\n');
    expect(document('repair', at('run'), '--file', list, '--at-once')).toMatchObject({ notInForce: [] });
  });

  it('imports a checkpoint for a folder, and judges a run on other photographs of its classes', () => {
    const files = [at('run/model.safetensors'), '--model', 'resnet20', '--resize', '36', '--crop', '32'];
    const source = ['--dataset', at('photos/val'), '--classes', at('classes.txt')];
    const imported = document('import', ...files, ...source, '--out', at('imported'));
    expect(imported).toMatchObject({ testImages: 15 });
    const one = ['evaluate', at('imported'), '--edits', '1', '--editor', 'gd', '--learning-rate', '1'];
    const own = document(...one);
    const other = document(...one, '--dataset', at('photos'));
    expect(other).toMatchObject({ testError: own.testError });
    expect(readdirSync(at('imported/evaluations')).filter((name) => name.endsWith('.json'))).toHaveLength(2);
  });

  it('keeps the answers on other photographs, which need no labels, where the folder has none to train on', () => {
    const files = [at('run/model.safetensors'), '--model', 'resnet20', '--resize', '36', '--crop', '32'];
    const source = ['--dataset', at('photos/val'), '--classes', at('classes.txt')];
    document('import', ...files, ...source, '--out', at('judged'));
    const words = ['edit', at('judged'), '--index', '0', '--target', 'blue'];
    expect(refusal(...words)).toMatch(
      /--control: expected a folder of photographs whose answers .* has no training images/,
    );
    expect(refusal(...words, '--control', at('cache'))).toMatch(/cache holds no photographs\.$/);
    expect(document('curvature', at('judged'), '--control', at('photos/train'))).toMatchObject({
      images: 48,
      found: false,
    });
    // Kept with the run.
    expect(document('curvature', at('judged'))).toMatchObject({ images: 48, found: true });
    expect(document(...words)).toMatchObject({ success: true });
  });

  it('skips damaged photographs where that is asked for, and says which', () => {
    mkdirSync(at('damaged/n01'), { recursive: true });
    writeFileSync(at('damaged/n01/good.jpg'), readFileSync(at('photos/val/n01/0.jpg')));
    writeFileSync(at('damaged/n01/cut.jpg'), readFileSync(at('photos/val/n01/0.jpg')).subarray(0, 600));
    const words = ['predict', at('run'), '--dataset', at('damaged'), '--index', '0'];
    expect(refusal(...words)).toMatch(/1 of 2 photographs in .* cannot be read; Cannot decode .*cut\.jpg/);
    const { code, err } = editable([...words, '--on-damaged', 'skip']);
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^Skipped 1 photograph: Cannot decode/) });
  });

  it('refuses in one sentence', () => {
    writeFileSync(at('five.txt'), 'n01\nn02\nn03\nn04\nn05\n');
    const predict = ['predict', at('run'), '--index', '0'];
    expect(refusal(...predict, '--classes', at('five.txt'))).toContain("expected the run's 4 classes, received 5");
    expect(refusal(...predict, '--dataset', 'no-such-folder')).toContain(
      'cifar-100, or a folder of photographs, received',
    );
    expect(refusal(...predict, '--dataset', 'cifar-10', '--classes', at('five.txt'))).toContain(
      '--classes: expected with a folder of photographs',
    );
    const train = ['train', '--dataset', at('photos'), '--out', at('none')];
    expect(refusal(...train, '--resize', '32', '--crop', '36')).toContain(
      '--crop: expected at most the 32 that photographs are resized to',
    );
    expect(refusal('train', '--crop', '36', '--out', at('none'))).toContain(
      '--crop: expected with a folder of photographs',
    );
    expect(refusal('edit', at('run'), '--index', '15', '--target', 'red')).toContain('a whole number from 0 to 14');
  });
});
