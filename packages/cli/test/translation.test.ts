/** Training a small translation model and translating with it, as typed; and what the commands say to what they cannot use. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
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
    for (const words of [['--width', '8'], ['--base-loss', 'distillation'], ['--no-augment'], ['--no-nesterov']])
      expect(train(...words).stderr).toBe(`editable: ${words[0]}: expected for image classification only.\n`);
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

interface Answered {
  readonly model_version: string;
  readonly translations: readonly { readonly text: string }[];
  readonly error: string;
}

describe('editable serve', () => {
  const sentences = ['Ein Mann geht.', '', 'Eine Frau läuft.'];
  let server: ChildProcess;
  let address: string;

  beforeAll(async () => {
    const words = [join(root, 'packages/cli/bin/editable.js'), 'serve', run, '--port', '0', '--json'];
    server = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] });
    for await (const text of server.stdout!) {
      address = /"address": "([^"]+)"/.exec(String(text))?.[1] ?? '';
      if (address !== '') break;
    }
  });
  afterAll(() => server?.kill());

  const post = async (path: string, body: string | Uint8Array<ArrayBuffer>, headers = {}): Promise<Response> =>
    fetch(address + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const answered = async (path: string, body: object) => {
    const response = await post(path, JSON.stringify(body));
    return [response.status, (await response.json()) as Answered] as const;
  };

  it('translates sentences as the command does, as text and as tensors', async () => {
    const { stdout } = editable(['translate', run, '--beam', '2', '--json'], `${sentences.join('\n')}\n`);
    const texts = JSON.parse(stdout).translations.map(({ text }: { text: string }) => text);
    const [status, said] = await answered('/api/translate', { sentences, beam: 2 });
    expect([status, said.translations.map(({ text }) => text)]).toEqual([200, texts]);
    const metadata = await (await fetch(`${address}/v2/models/run`)).json();
    expect(metadata).toMatchObject({
      versions: [said.model_version],
      inputs: [{ name: 'source', datatype: 'BYTES', shape: [-1] }],
    });
    const source = { name: 'source', datatype: 'BYTES', shape: [3, 1], data: sentences.map((each) => [each]) };
    const outputs = [{ name: 'translation' }, { name: 'score' }];
    const body = { id: '42', inputs: [source], outputs, parameters: { beam: 2 } };
    expect((await answered('/v2/models/run/infer', body))[1]).toMatchObject({
      ...{ model_version: said.model_version, id: '42' },
      outputs: [
        { datatype: 'BYTES', shape: [3], data: texts },
        { datatype: 'FP32', shape: [3] },
      ],
    });
    const tensor = prefixed(sentences);
    const parameters = { binary_data_size: tensor.length };
    const input = { name: 'source', datatype: 'BYTES', shape: [3], parameters };
    const head = Buffer.from(JSON.stringify({ inputs: [input], parameters: { beam: 2, binary_data_output: true } }));
    const whole = new Uint8Array(Buffer.concat([head, tensor]));
    const response = await post('/v2/models/run/infer', whole, { 'inference-header-content-length': head.length });
    const bytes = Buffer.from(await response.arrayBuffer());
    const length = Number(response.headers.get('inference-header-content-length'));
    expect(bytes.subarray(length).equals(prefixed(texts))).toBe(true);
  });

  it.each<[string, object, string]>([
    ['another name', { name: 'input', datatype: 'BYTES', shape: [1], data: ['x'] }, 'one input named "source"'],
    ['numbers', { name: 'source', datatype: 'FP32', shape: [1], data: [1] }, 'expected BYTES'],
    ['another count', { name: 'source', datatype: 'BYTES', shape: [2], data: ['x'] }, 'expected 2 sentences'],
    [
      'two lines',
      { name: 'source', datatype: 'BYTES', shape: [1], data: ['x\ny'] },
      'expected one sentence on one line',
    ],
    ['a book', { name: 'source', datatype: 'BYTES', shape: [1], data: ['Mann '.repeat(2000)] }, 'at most 1000 words'],
  ])('refuses %s in a sentence', async (_, input, sentence) => {
    const [status, { error }] = await answered('/v2/models/run/infer', { inputs: [input] });
    expect([status, error]).toEqual([400, expect.stringContaining(sentence)]);
  });

  it('counts, describes itself, and has no store', async () => {
    expect(await (await fetch(`${address}/metrics`)).text()).toMatch(/^nv_inference_count\{.*\} 9$/m);
    const { paths } = (await (await fetch(`${address}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(paths)).toContain('/api/translate');
    expect((await fetch(`${address}/api/repairs`)).status).toBe(404);
    expect(editable(['serve', run, '--exact']).stderr).toMatch(/^editable: --exact: .*image classification only/);
  });
});

/** Each text after its length in four bytes. */
const prefixed = (texts: readonly string[]): Buffer =>
  Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );

describe('commands for pictures', () => {
  it.each(['predict', 'tune'])('%s says that the run is one of translation', (name) => {
    const words = name === 'predict' ? [name, run, '--index', '1'] : [name, run];
    expect(editable(words).stderr).toMatch(/is a run of translation; this is for runs of image classification\.\n$/);
  });
});
