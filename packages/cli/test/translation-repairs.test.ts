/** Repairs of a small translation model as typed: evaluate, edit, mistakes, repair, curvature; and what they refuse. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stream } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'editable-translation-repairs-'));
const [data, run] = [join(folder, 'data'), join(folder, 'run')];
afterAll(() => rmSync(folder, { recursive: true }));

const editable = (...words: readonly string[]) => editableOn('', ...words);

function editableOn(input: string, ...words: readonly string[]) {
  const command = [join(root, 'packages/cli/bin/editable.js'), ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', input });
  return { status, stdout, stderr };
}

beforeAll(() => {
  spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'packages/cli')]);
  mkdirSync(data);
  for (const [split, count] of [
    ['train', 800],
    ['val', 6],
    ['test', 30],
  ] as const) {
    const random = stream(1, split);
    const sentences = Array.from({ length: count }, () =>
      Array.from({ length: 3 + random.int(3) }, () => random.int(10)),
    );
    const text = (stem: string): string =>
      sentences.map((words) => `${words.map((n) => stem + n).join(' ')}\n`).join('');
    writeFileSync(join(data, `${split}.xx`), text('a'));
    writeFileSync(join(data, `${split}.yy`), text('b'));
  }
  const { stderr, status } = editable(
    ...['train', '--task', 'translation', '--dataset', data, '--source', 'xx', '--target', 'yy', '--out', run],
    ...['--tokenization', 'none', '--merges', '30', '--dim', '32', '--feed-forward', '32', '--heads', '2'],
    ...['--encoder-layers', '1', '--decoder-layers', '1', '--epochs', '8', '--batch-tokens', '300'],
    ...['--warm-up', '30', '--learning-rate', '0.01', '--average-epochs', '1'],
  );
  if (status !== 0) throw new Error(stderr);
});

describe('a run of translation', () => {
  it('is edited: the sentence before and after, what else changed, and a patch that translate applies', () => {
    const out = join(folder, 'fix.safetensors');
    const words = ['edit', run, '--source', 'a1 a2 a3', '--target', 'b3 b3 b1', '--out', out];
    const { status, stdout, stderr } = editable(...words, '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      success: true,
      source: 'a1 a2 a3',
      target: 'b3 b3 b1',
      sentences: 30,
      patch: out,
      editor: { name: 'natural', hyperparameters: { overshoot: 0.03 }, layers: 'decoder.layers', maxSteps: 10 },
    });
    expect(document.bleuDrawdown).toBeCloseTo(document.bleuBefore - document.bleuAfter, 9);
    for (const { before, after } of document.changes) expect(before).not.toBe(after);
    expect(document.best).toBe(document.after === document.target);
    expect(editableOn('a1 a2 a3\n', 'translate', run).stdout).toBe(`${document.before}\n`);
    expect(editableOn('a1 a2 a3\n', 'translate', run, '--patch', out).stdout).toBe(`${document.after}\n`);
    expect(document.after).not.toBe(document.before);
    const { stdout: text } = editable('edit', run, '--index', '3', '--target', 'b1 b2', '--patch', out);
    expect(text).toMatch(/^edit +success: (true|false)/);
    expect(text).toMatch(/BLEU \d+\.\d\d → \d+\.\d\d \(drawdown [+−]\d/);
    expect(editable('info', out).stdout).toMatch(/natural/);
  });

  it('settles where it is asked to, and the patch says so', () => {
    const out = join(folder, 'settled.safetensors');
    const words = ['edit', run, '--source', 'a1 a2 a3', '--target', 'b3 b3 b1', '--settle', '4', '--out', out];
    const { status, stdout } = editable(...words);
    expect(status).toBe(0);
    expect(stdout).toMatch(/editor +natural.*4 settling steps/);
    expect(editable('info', out).stdout).toMatch(/4 settling steps/);
    const set = editable('repair', run, '--mistakes', '2', '--settle', '4', '--at-once', '--json');
    expect(JSON.parse(set.stdout)).toMatchObject({ repairs: 2, inForce: 1, editor: { settle: 4 } });
  });

  it('is evaluated: BLEU, its drawdown and interval, and a second call finds the records', () => {
    const words = [
      'evaluate',
      run,
      '--edits',
      '3',
      '--editor',
      'natural',
      '--control-sentences',
      '100',
      '--max-steps',
      '20',
    ];
    const { stdout, status } = editable(...words, '--json');
    expect(status).toBe(0);
    const { seconds: _, ...document } = JSON.parse(stdout);
    expect(document).toMatchObject({ edits: 3, sentences: 30, samplingError: 0, targets: 'random', successRate: 1 });
    expect(document.editor).toMatchObject({ hyperparameters: { overshoot: 0.03 }, layers: 'decoder.layers' });
    expect(document.bleuDrawdownInterval[0]).toBeLessThanOrEqual(document.bleuDrawdown);
    expect(readFileSync(document.recordsFile, 'utf8').trim().split('\n')).toHaveLength(4);
    const { seconds: __, ...again } = JSON.parse(editable(...words, '--json').stdout);
    expect(again).toEqual(document);
    expect(editable(...words).stdout).toMatch(/drawdown +[+−]\d+\.\d\d BLEU \(95 % interval/);
  });

  it('lists its worst translations, which repair takes and holds together', () => {
    const list = join(folder, 'repairs.jsonl');
    const { stdout } = editable('mistakes', run, '--out', list, '--json');
    const { mistakes, sentences } = JSON.parse(stdout);
    expect(sentences).toBe(30);
    const scores = mistakes.map(({ bleu }: { bleu: number }) => bleu);
    expect(scores).toEqual([...scores].sort((a, b) => a - b));
    const lines = readFileSync(list, 'utf8').trim().split('\n').slice(0, 2);
    writeFileSync(list, `${lines.join('\n')}\n`);
    const repaired = JSON.parse(editable('repair', run, '--file', list, '--json').stdout);
    expect(repaired).toMatchObject({ repairs: 2, inForce: 1, atOnce: false });
    expect(repaired.records.map(({ source }: { source: string }) => source)).toEqual(
      lines.map((line) => JSON.parse(line).source),
    );
    expect(existsSync(repaired.patch)).toBe(true);
  });

  it('keeps its curvature', () => {
    const { stdout } = editable('curvature', run, '--sentences', '50', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ sentences: 50, layers: 'decoder.layers', found: false });
    expect(editable('curvature', run, '--sentences', '50').stdout).toMatch(/found: it was there already/);
  });

  it.each([
    ['an edit without a sentence', ['edit', run, '--target', 'b1'], /expected one of --source SENTENCE and --index N/],
    [
      'a target that the vocabulary cannot write',
      ['edit', run, '--source', 'a1', '--target', 'b1 ☃'],
      /Expected target to consist of the \d+ symbols .* "☃"/,
    ],
    [
      'a sentence of spaces',
      ['edit', run, '--source', ' ', '--target', 'b1'],
      /--source: expected a sentence, received/,
    ],
    [
      'a sentence of two lines',
      ['edit', run, '--source', 'a1\na2', '--target', 'b1'],
      /--source: expected one sentence on one line/,
    ],
    [
      'a sentence of 10,000 words',
      ['edit', run, '--source', 'a1 '.repeat(10_000), '--target', 'b1'],
      /at most 1000 words, received 10000\./,
    ],
    [
      'a test sentence that is not there',
      ['edit', run, '--index', '99', '--target', 'b1'],
      /--index: expected a whole number from 0 to 29, received "99"\./,
    ],
    [
      'a picture',
      ['edit', run, '--source', 'a1', '--target', 'b1', '--image', 'x.png'],
      /--image: expected for runs of image classif/,
    ],
    [
      'settling by an editor that has no curvature',
      ['evaluate', run, '--editor', 'rmsprop', '--settle', '4'],
      /settle: expected with the editor natural only, received it with rmsprop/,
    ],
    [
      'test images',
      ['evaluate', run, '--test-images', '5'],
      /--test-images: expected for runs of image classification only/,
    ],
    [
      'control images',
      ['curvature', run, '--images', '50'],
      /--images: expected for runs of image classification only/,
    ],
    [
      'views of a set',
      ['repair', run, '--mistakes', '2', '--views', '3'],
      /--views: expected for runs of image classification only/,
    ],
    ['a repair of nothing', ['repair', run], /expected one of --mistakes N, --indices A,B,C and --file FILE/],
    [
      'layers that the model lacks',
      ['evaluate', run, '--edits', '1', '--layers', 'decoder.layers.7'],
      /selects no parameter/,
    ],
  ])('refuses %s in one sentence', (_, words, sentence) => {
    const { status, stdout, stderr } = editable(...words);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
