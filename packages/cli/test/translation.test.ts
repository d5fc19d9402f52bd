/** Training a small translation model and translating with it, as typed; and what the commands say to what they cannot use. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'editable-translate-'));
const [data, run] = [join(folder, 'data'), join(folder, 'run')];
afterAll(() => rmSync(folder, { recursive: true }));

function editable(words: readonly string[], input: string | Uint8Array = '') {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'packages/cli/bin/editable.js'), ...words],
    { input, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

const train = (...more: readonly string[]) =>
  editable([
    ...['train', '--task', 'translation', '--dataset', data, '--source', 'de', '--target', 'en', '--out', run],
    ...['--epochs', '1', '--merges', '30', '--dim', '16', '--feed-forward', '16', '--heads', '2'],
    ...['--encoder-layers', '1', '--decoder-layers', '1', '--batch-tokens', '200', ...more],
  ]);

beforeAll(() => {
  spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'packages/cli')]);
  mkdirSync(data);
  for (const split of ['train', 'val', 'test_2016']) {
    writeFileSync(join(data, `${split}.de`), 'Ein Mann geht.\nEine Frau läuft.\nEin Hund schläft.\n'.repeat(8));
    writeFileSync(join(data, `${split}.en`), 'A man walks.\nA woman runs.\nA dog sleeps.\n'.repeat(8));
  }
});

describe('editable train --task translation', () => {
  it('refuses files of unequal length and folders without a split, and leaves nothing behind', () => {
    writeFileSync(join(data, 'val.en'), 'A man walks.\n');
    expect(train().stderr).toMatch(
      /^editable: Expected .*val\.de and .*val\.en to have as many lines .* 24 and 1\.\n$/,
    );
    rmSync(join(data, 'val.en'));
    expect(train().stderr).toMatch(/it has val\.de, but no val\.en\.\n$/);
    writeFileSync(join(data, 'val.en'), 'A man walks.\nA woman runs.\nA dog sleeps.\n'.repeat(8));
    expect(existsSync(run)).toBe(false);
  });

  it('names the option that is missing, or is of the other task', () => {
    expect(editable(['train', '--task', 'translation', '--dataset', data, '--out', run]).stderr).toMatch(
      /^editable: --source: expected with --task translation/,
    );
    expect(train('--width', '8').stderr).toBe('editable: --width: expected for image classification only.\n');
    expect(editable(['train', '--merges', '30', '--out', run]).stderr).toBe(
      'editable: --merges: expected with --task translation only.\n',
    );
  });

  it('trains, says BLEU, and leaves a run that translate, info and train again know', () => {
    const { status, stdout, stderr } = train('--json');
    expect(stderr).toBe('Learning 30 byte pairs from the training text.\n');
    expect(status).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ run, state: 'trained', testSentences: 24, beam: 5 });
    expect(result.bleu).toBeGreaterThanOrEqual(0);
    expect(result.epochs[0].validation.loss).toBeGreaterThan(0);
    expect(JSON.parse(train('--json').stdout)).toMatchObject({ state: 'finished before', bleu: result.bleu });
    expect(train('--seed', '3').stderr).toMatch(
      /holds a run of other settings \(training\.seed: 0 there, 3 asked for\)/,
    );
    const info = editable(['info', run]).stdout;
    expect(info).toMatch(/translates +de to en, in lower case/);
    expect(info).toMatch(/epoch 1\/1 .* BLEU/);
  });
});

describe('editable translate', () => {
  it('gives a line for each line, an empty one for an empty one, and counts what it cannot read', () => {
    const text = 'Ein Mann geht.\n\nEin ☃ geht.\n';
    const { stdout, status } = editable(['translate', run, '--beam', '2', '--json'], text);
    expect(status).toBe(0);
    const { translations } = JSON.parse(stdout);
    expect(translations.map(({ source }: { source: string }) => source)).toEqual(text.split('\n').slice(0, -1));
    expect(translations[1]).toMatchObject({ text: '', unknown: 0 });
    expect(translations.map(({ unknown }: { unknown: number }) => unknown)).toEqual([0, 0, 1]);
    const plain = editable(['translate', run, '--beam', '2'], text).stdout;
    expect(plain).toBe(translations.map((line: { text: string }) => `${line.text}\n`).join(''));
  });

  it.each([
    ['what is not UTF-8', Uint8Array.from([65, 10, 255, 254, 10]), /standard input to be UTF-8; line 2 is not\.$/],
    [
      'a sentence of 10,000 words',
      `${'Mann '.repeat(10_000)}\n`,
      /line 1 of standard input .* at most 1000 words; it has 10000\./,
    ],
  ])('refuses %s in one sentence', (_, input, sentence) => {
    const { status, stdout, stderr } = editable(['translate', run], input);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.trim()).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('refuses a beam that is wider than its vocabulary, and a folder that is no run', () => {
    expect(editable(['translate', run, '--beam', '5000'], 'Ein Mann.\n').stderr).toMatch(
      /^editable: --beam: expected at most/,
    );
    expect(editable(['translate', data], 'Ein Mann.\n').stderr).toMatch(/is not a run: it holds no config\.json\.\n$/);
  });
});

describe('commands for pictures', () => {
  it.each(['predict', 'tune'])('%s says that the run is one of translation', (name) => {
    const words = name === 'predict' ? [name, run, '--index', '1'] : [name, run];
    expect(editable(words).stderr).toMatch(/is a run of translation; this is for runs of image classification\.\n$/);
  });
});
