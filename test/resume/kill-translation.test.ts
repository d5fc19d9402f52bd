/** kill -9 at random moments of trainings of translation, plain and editable, and of an evaluation; continued: equal bits. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stream } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, contents, killedAndContinued, run } from './killing.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-kill-translation-'));
const data = join(folder, 'data');
const kills = 3;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  build();
  mkdirSync(data);
  for (const [split, count] of [
    ['train', 600],
    ['val', 8],
    ['test', 24],
  ] as const) {
    const random = stream(1, split);
    const sentences = Array.from({ length: count }, () =>
      Array.from({ length: 3 + random.int(4) }, () => random.int(12)),
    );
    const text = (word: (n: number) => string): string =>
      sentences.map((words) => `${words.map(word).join(' ')}\n`).join('');
    writeFileSync(
      join(data, `${split}.xx`),
      text((n) => `a${n}`),
    );
    writeFileSync(
      join(data, `${split}.yy`),
      text((n) => `b${n}`),
    );
  }
});

const [plain, editable] = [join(folder, 'plain'), join(folder, 'editable')];

const train = (out: string): string[] => [
  ...[
    'train',
    '--task',
    'translation',
    '--dataset',
    data,
    '--source',
    'xx',
    '--target',
    'yy',
    '--tokenization',
    'none',
  ],
  ...['--merges', '40', '--dim', '16', '--feed-forward', '32', '--heads', '2', '--encoder-layers', '1'],
  ...['--decoder-layers', '2', '--epochs', '12', '--batch-tokens', '200', '--warm-up', '30', '--learning-rate', '0.01'],
  ...['--checkpoint-every', '7', '--out', out],
];

const trainEditable = (out: string): string[] => [
  ...['train', '--task', 'translation', '--objective', 'editable', '--from', plain, '--epochs', '2'],
  ...['--batch-tokens', '200', '--warm-up', '5', '--learning-rate', '0.001', '--max-steps', '3'],
  ...['--checkpoint-every', '3', '--out', out],
];

const evaluate = (out: string): string[] => [
  'evaluate',
  out,
  '--edits',
  '20',
  '--editor',
  'natural',
  '--control-sentences',
  '50',
];

/** An evaluation says how long it took; everything else is a function of its settings. */
const withoutTimes = (files: Record<string, string>, of: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      text.replace(/"seconds": [\d.e-]+/g, '"seconds": 0').replaceAll(of, 'RUN'),
    ]),
  );

describe('kill -9', () => {
  it('at moments of train --task translation: the same model and metrics, bit for bit', async () => {
    const broken = join(folder, 'plain-broken');
    await run(train(plain));
    await killedAndContinued(train(broken), kills, broken);
    expect(contents(broken)).toEqual(contents(plain));
    expect(Object.keys(contents(plain)).sort()).toEqual([
      ...['/bpe.codes', '/config.json', '/dict.txt', '/editor.json', '/metrics.jsonl', '/model.safetensors'],
    ]);
  });

  it('at moments of its Editable Training', async () => {
    const broken = join(folder, 'editable-broken');
    await run(trainEditable(editable));
    await killedAndContinued(trainEditable(broken), kills, broken);
    expect(contents(broken)).toEqual(contents(editable));
    expect(contents(editable)['/metrics.jsonl']).toMatch(/"editorSteps":[123]/);
  });

  it('at moments of evaluate: the same records and results', { timeout: 240_000 }, async () => {
    const broken = join(folder, 'editable-broken');
    await run(evaluate(editable));
    await killedAndContinued(evaluate(broken), kills, broken);
    expect(withoutTimes(contents(broken), broken)).toEqual(withoutTimes(contents(editable), editable));
  });
});
