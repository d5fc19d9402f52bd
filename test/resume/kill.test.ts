/** kill -9 at ten random moments of a training and of an evaluation; continued, both equal an uninterrupted one's. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, contents, killedAndContinued, run } from './killing.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-kill-'));
const kills = 10;
const hasData = existsSync('/usr/share/datasets/fashion-mnist') || process.env.EDITABLE_DATA !== undefined;

beforeAll(build);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An evaluation says how long it took; everything else is a function of its settings. */
const withoutTimes = (files: Record<string, string>, run: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      text.replace(/"seconds": [\d.e-]+/g, '"seconds": 0').replaceAll(run, 'RUN'),
    ]),
  );

describe.skipIf(!hasData)('kill -9', () => {
  const [whole, broken] = [join(folder, 'whole'), join(folder, 'broken')];
  const train = (out: string): string[] => [
    ...[
      'train',
      '--objective',
      'editable',
      '--width',
      '2',
      '--train-images',
      '1600',
      '--batch-size',
      '32',
      '--epochs',
      '2',
    ],
    ...['--learning-rate', '0.003', '--checkpoint-every', '3', '--out', out],
  ];
  const evaluate = (out: string): string[] => [
    ...[
      'evaluate',
      out,
      '--edits',
      '120',
      '--test-images',
      '2000',
      '--editor',
      'gd',
      '--learning-rate',
      '0.3',
      '--layers',
      'all',
    ],
  ];

  it('at ten moments of train: the same model and metrics, bit for bit', { timeout: 400_000 }, async () => {
    await run(train(whole));
    await killedAndContinued(train(broken), kills, broken);
    expect(contents(broken)).toEqual(contents(whole));
    expect(Object.keys(contents(whole)).sort()).toEqual([
      '/config.json',
      '/editor.json',
      '/metrics.jsonl',
      '/model.safetensors',
    ]);
  });

  it('at ten moments of evaluate: the same records and results', { timeout: 400_000 }, async () => {
    await run(evaluate(whole));
    await killedAndContinued(evaluate(broken), kills, broken);
    expect(withoutTimes(contents(broken), broken)).toEqual(withoutTimes(contents(whole), whole));
  });
});
