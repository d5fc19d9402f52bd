/** The server as its users meet it: the protocol, a repair's whole way, shadow and canary, exchange under load, its end. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { noGrad, scope, tensor } from '@editable/torch';
import { Store } from '@editable/workspace';
import { Validator } from '@seriousme/openapi-schema-validator';
import { encodePng, normalizeImages } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { predictSchema, routes } from '../src/api/index.js';
import { Client } from './client.js';
import { lintMetrics } from './metric-lint.js';
import { raw } from './raw-request.js';
import {
  buildCommand,
  editable,
  root,
  type StartedServer,
  servedRun,
  started,
  testImages,
  trainedRun,
} from './served-run.js';

/** Debian's is in the package prometheus; PROMTOOL names another. */
const promtool = process.env.PROMTOOL ?? 'promtool';
const hasPromtool = spawnSync(promtool, ['--version']).status === 0;
if (!hasPromtool)
  console.warn(`serve.test: metrics are held to the test's own rules only, as there is no ${promtool}.`);

const folder = mkdtempSync(join(tmpdir(), 'editable-serve-'));
const store = join(folder, 'run', 'store');

describe('editable serve', () => {
  let server: StartedServer;
  let client: Client;
  let base: string;
  /** Of test images, as the network says it by itself. */
  let own: readonly { readonly pixels: Uint8Array; readonly input: number[]; readonly logits: number[] }[];
  let release: string;
  let asked: { readonly index: number; readonly target: number };

  beforeAll(async () => {
    buildCommand();
    const opened = await servedRun(folder);
    const { dataset, model } = opened;
    own = [0, 1, 2, 3].map((index) => {
      const pixels = Uint8Array.from(dataset.split('test').image(index));
      const input = normalizeImages([pixels], dataset.shape, dataset.normalization);
      const answers = (): Float32Array =>
        model.call(tensor(input, { shape: [1, ...dataset.shape] })).output.data() as Float32Array;
      return { pixels, input: [...input], logits: [...scope(() => noGrad(answers))] };
    });
    server = await started(folder, '--exact');
    client = new Client(server.address);
    base = (await client.call('status')).served.base;
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Of one picture, with the release that gave it. */
  async function answer(
    at: number,
    headers: Record<string, string> = {},
    name: 'infer' | 'versionInfer' = 'infer',
    version = '',
    of: Client = client,
  ) {
    const input = { name: 'input', shape: [1, 1, 28, 28], datatype: 'FP32', data: own[at]!.input };
    const { model_version, outputs } = await of.call(name, {
      params: { model: 'run', version },
      body: { id: headers['x-request-id'], inputs: [input] },
    });
    return { version: model_version, logits: outputs[0]!.data as number[] };
  }

  it('goes on where a first start was killed before it had copied the network, in a thread of its own alike', async () => {
    const cut = join(folder, 'cut');
    Store.create(cut)[Symbol.dispose]();
    const second = await started(folder, '--store', cut, '--exact', '--longest-block', '0');
    const there = new Client(second.address);
    expect((await there.call('status')).served.base).toBe(base);
    const answers = await Promise.all([0, 1, 2, 3].map((at) => answer(at, {}, 'infer', '', there)));
    expect(answers.map(({ logits }) => logits)).toEqual(own.map(({ logits }) => logits));
    await second.stop();
  });

  it('says what it is, as the Open Inference Protocol asks', async () => {
    expect(await client.call('serverMetadata')).toMatchObject({ name: 'editable' });
    expect([await client.call('live'), await client.call('ready')]).toEqual([{ live: true }, { ready: true }]);
    expect(await client.call('modelReady', { params: { model: 'run' } })).toEqual({ name: 'run', ready: true });
    expect(await client.call('modelMetadata', { params: { model: 'run' } })).toEqual({
      name: 'run',
      versions: [base],
      platform: 'editable_libtorch',
      inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 1, 28, 28] }],
      outputs: ['logits', 'probabilities'].map((name) => ({ name, datatype: 'FP32', shape: [-1, 10] })),
    });
  });

  it('answers to the bit as the network does, from numbers, pixels, binary tensors and files', async () => {
    const [first, second] = own as [(typeof own)[0], (typeof own)[0]];
    expect(await answer(0)).toEqual({ version: base, logits: first.logits });
    const both = await client.call('infer', {
      params: { model: 'run' },
      body: {
        id: 'two',
        inputs: [
          { name: 'input', shape: [2, 1, 28, 28], datatype: 'UINT8', data: [[...first.pixels], [...second.pixels]] },
        ],
        outputs: [{ name: 'logits' }, { name: 'probabilities', parameters: { classification: 2 } }],
      },
    });
    expect(both).toMatchObject({
      model_name: 'run',
      id: 'two',
      outputs: [{ shape: [2, 10] }, { datatype: 'BYTES', shape: [2, 2] }],
    });
    expect(both.outputs[0]!.data).toEqual([...first.logits, ...second.logits]);
    const best = first.logits.indexOf(Math.max(...first.logits));
    expect(String(both.outputs[1]!.data![0])).toMatch(new RegExp(`^0\\.\\d+:${best}:`));
    expect(await binaryLogits(first.input)).toEqual(first.logits);
    const response = await client.send('predict', {
      body: new Uint8Array(await encodePng(first.pixels, [1, 28, 28])),
      headers: { 'content-type': 'image/png' },
    });
    expect(predictSchema.parse(await response.json()).top[0]!.label).toBe(best);
    expect(response.headers.get('x-editable-release')).toBe(base);
  });

  async function binaryLogits(input: readonly number[]): Promise<number[]> {
    const tensorBytes = new Uint8Array(Float32Array.from(input).buffer);
    const head = Buffer.from(
      JSON.stringify({
        inputs: [
          {
            name: 'input',
            shape: [1, 1, 28, 28],
            datatype: 'FP32',
            parameters: { binary_data_size: tensorBytes.length },
          },
        ],
        parameters: { binary_data_output: true },
      }),
    );
    const response = await client.send('infer', {
      params: { model: 'run' },
      body: new Uint8Array(Buffer.concat([head, tensorBytes])),
      headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(head.length) },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const length = Number(response.headers.get('inference-header-content-length'));
    expect(JSON.parse(bytes.subarray(0, length).toString()).outputs).toEqual([
      { name: 'logits', datatype: 'FP32', shape: [1, 10], parameters: { binary_data_size: 40 } },
    ]);
    return Array.from({ length: 10 }, (_, at) => bytes.readFloatLE(length + 4 * at));
  }

  it('answers requests as Triton’s client sends them: without a content type, binary where nothing is asked for', async () => {
    const [first] = own as [(typeof own)[0]];
    const tensorBytes = new Uint8Array(Float32Array.from(first.input).buffer);
    const input = { name: 'input', shape: [1, 1, 28, 28], datatype: 'FP32' };
    const parameters = { binary_data_size: tensorBytes.length };
    const head = Buffer.from(
      JSON.stringify({ id: '42', inputs: [{ ...input, parameters }], parameters: { binary_data_output: true } }),
    );
    const path = '/v2/models/run/infer';
    const response = await fetch(new URL(path, server.address), {
      method: 'POST',
      body: new Uint8Array(Buffer.concat([head, tensorBytes])),
      headers: { 'inference-header-content-length': String(head.length) },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const length = Number(response.headers.get('inference-header-content-length'));
    expect(JSON.parse(bytes.subarray(0, length).toString())).toMatchObject({ id: '42', model_version: base });
    expect([...new Float32Array(Uint8Array.from(bytes.subarray(length)).buffer)]).toEqual(first.logits);
    const outputs = [{ name: 'logits', parameters: { binary_data: false } }];
    const text = JSON.stringify({ inputs: [{ ...input, data: first.input }], outputs });
    const plain = await raw(server.address, { method: 'POST', path, body: text });
    expect(JSON.parse(plain.text).outputs[0].data).toEqual(first.logits);
    const [index, load] = await Promise.all([
      raw(server.address, { method: 'POST', path: '/v2/repository/index' }),
      raw(server.address, { method: 'POST', path: '/v2/repository/models/run/load', body: '{}' }),
    ]);
    expect([index.status, load.status]).toEqual([200, 200]);
    const headers = { 'content-encoding': 'gzip' };
    const compressed = await raw(server.address, { method: 'POST', path, headers, body: gzipSync(text) });
    expect([compressed.status, compressed.text]).toEqual([415, expect.stringContaining('without compression')]);
  });

  it('goes from a mistake to a release: found, previewed as it narrows, proposed, approved by another, released', async () => {
    const found = await client.done(await client.call('findMistakes', { body: {} }), 'mistakes');
    expect(found).toMatchObject({ release: null, split: 'test', images: testImages });
    expect(await client.call('mistakes')).toEqual(found);
    const { index, truth } = found.mistakes.find(({ suspect, probability }) => !suspect && probability < 0.9)!;
    asked = { index, target: truth.label };
    const wishes = [{ picture: { index }, target: truth.name }];
    const seen: number[] = [];
    const preview = await client.done(await client.call('preview', { body: { wishes } }), 'preview', (event) => {
      if (event.event === 'preview') seen.push(event.data.images);
    });
    // The first 500 but the one that is repaired.
    expect(seen).toEqual([499]);
    expect(preview).toMatchObject({ final: true, beside: null, of: testImages - 1, images: testImages - 1 });
    expect(preview.asked[0]).toMatchObject({ target: { label: truth.label }, standing: { holds: true } });
    expect(preview.asked[0]!.after[0]!.label).toBe(truth.label);
    const [repair] = await client.call('propose', { body: { wishes, why: '<b>ticket</b> 481', by: 'ann' } });
    expect(repair).toMatchObject({ id: preview.asked[0]!.repair, status: 'proposed', proposed: { by: 'ann' } });
    const approval = { params: { id: repair!.id.slice(0, 8) }, body: { why: 'seen', by: 'ann' } };
    expect(await (await client.send('approveOne', approval)).json()).toMatchObject({
      code: 'REFUSED',
      error: expect.stringContaining('a second person has to approve it'),
    });
    const approved = await client.call('approveOne', { ...approval, body: { why: 'seen', by: 'bob' } });
    expect(approved.status).toBe('approved');
    const made = await client.done(
      await client.call('makeRelease', { body: { by: 'bob', testImages: 500 } }),
      'release',
    );
    expect(made).toMatchObject({ state: 'kept', repairs: [repair!.id], by: 'bob' });
    release = made.id;
    expect((await client.call('status')).served.release).toBeNull();
  });

  it('serves a release once activation is answered, and the base to the bit after a roll-back by another process', async () => {
    const before = await Promise.all(own.map((_, at) => answer(at)));
    const unchecked = await client.send('activate', { params: { id: release }, body: { by: 'bob' } });
    expect([unchecked.status, await unchecked.json()]).toMatchObject([409, { code: 'REFUSED' }]);
    const body = { by: 'bob', override: 'a test' };
    expect(await client.call('activate', { params: { id: release }, body })).toMatchObject({ release, repairs: 1 });
    const repaired = await client.call('predict', {
      body: new Uint8Array(
        await (await client.send('testPicture', { params: { split: 'test', index: asked.index } })).arrayBuffer(),
      ),
      headers: { 'content-type': 'image/png' },
    });
    expect(repaired).toMatchObject({ model_version: release, top: [{ label: asked.target }, {}, {}, {}, {}] });
    expect((await client.call('repairs', { query: { status: 'active' } }))[0]!.standing).toMatchObject({ holds: true });
    editable('store', 'rollback', store, '--why', 'complaints', '--by', 'eve');
    for (let tries = 0; (await answer(0)).version !== base && tries < 100; tries++)
      await new Promise((soon) => setTimeout(soon, 50));
    expect(await Promise.all(own.map((_, at) => answer(at)))).toEqual(before);
    const log = await client.call('log', { query: { limit: 1 } });
    expect(log).toMatchObject([
      { by: 'eve', event: { kind: 'activated', release: null, rollBack: true, why: 'complaints' } },
    ]);
  });

  it('compares, checks, exports and verifies', async () => {
    const diff = await client.done(
      await client.call('diff', { body: { from: 'base', to: release, testImages: 200 } }),
      'diff',
    );
    expect(diff).toMatchObject({ from: null, to: release, images: 200, added: [expect.any(String)] });
    const check = await client.done(
      await client.call('check', { body: { release, testImages: 200, drawdown: -1, by: 'bob' } }),
      'check',
    );
    expect(check).toMatchObject({ passed: false, budget: { drawdown: -1, negativeFlips: 0.01 } });
    const exported = await client.done(
      await client.call('export', { body: { release, format: 'safetensors' } }),
      'export',
    );
    const file = await fetch(new URL(exported.download, server.address));
    expect((await file.arrayBuffer()).byteLength).toBe(exported.bytes);
    expect(await client.done(await client.call('verify'), 'verify')).toMatchObject({
      ok: true,
      releases: 1,
      problems: [],
    });
    expect(await client.call('budget')).toMatchObject({ points: [{ release, repairs: 1, inForce: 1 }] });
    expect(await client.call('releases')).toMatchObject([
      { id: release, state: 'kept', check: { passed: false, admits: false, images: 200, by: 'bob' } },
    ]);
  });

  it('loads a release beside what is served, answers by its version, and frees it', async () => {
    const version = { params: { model: 'run', version: release } };
    expect((await client.send('versionReady', version)).status).toBe(200); // served lately: it stays loaded
    await client.call('repositoryLoad', { params: { model: 'run' }, body: { parameters: { version: release } } });
    expect(await client.call('repositoryIndex', { body: { ready: true } })).toMatchObject([
      { version: release, state: 'READY' },
      { version: base, state: 'READY', reason: 'served' },
    ]);
    expect((await answer(0, {}, 'versionInfer', release)).version).toBe(release);
    expect((await answer(0)).version).toBe(base);
    await client.call('repositoryUnload', { params: { model: 'run' }, body: { parameters: { version: release } } });
  });

  it('lets a candidate answer unseen, keeps what differs, and takes it back when an alarm goes off', async () => {
    const alarm = { differences: 0.01, least: 2 };
    const begun = await client.call('startRollout', { body: { mode: 'shadow', release, alarm, by: 'bob' } });
    expect(begun).toMatchObject({ mode: 'shadow', share: 1, compared: 0, ended: null });
    const picture = { index: asked.index };
    const png = await (await client.send('testPicture', { params: { split: 'test', ...picture } })).arrayBuffer();
    const versions = [];
    for (let request = 0; request < 4; request++) {
      const { model_version } = await client.call('predict', {
        body: new Uint8Array(png),
        headers: { 'content-type': 'image/png', 'x-request-id': `shadow-${request}` },
      });
      versions.push(model_version);
    }
    expect(new Set(versions)).toEqual(new Set([base]));
    await expect
      .poll(async () => (await client.call('rollout'))?.ended?.because)
      .toMatch(/^it said another class for \d of \d/);
    const differences = await client.call('differences');
    expect(differences[0]).toMatchObject({ served: base, candidate: release, after: { label: asked.target } });
    const kept = await client.send('differencePicture', { params: { id: differences[0]!.id } });
    expect(Buffer.from(await kept.arrayBuffer()).equals(Buffer.from(png))).toBe(true);
  });

  it('gives a canary its share of the requests, the same ones each time', async () => {
    await client.call('startRollout', {
      body: { mode: 'canary', release, share: 0.5, alarm: { differences: null }, by: 'bob' },
    });
    const ask = () =>
      Promise.all(Array.from({ length: 40 }, (_, at) => answer(at % 4, { 'x-request-id': `request-${at}` })));
    const first = await ask();
    const share = first.filter(({ version }) => version === release).length;
    expect(share).toBeGreaterThan(8);
    expect(share).toBeLessThan(32);
    expect(await ask()).toEqual(first);
    await client.call('endRollout');
    expect(new Set((await ask()).map(({ version }) => version))).toEqual(new Set([base]));
  });

  it('moves every repair to a retrained run by its name, which changes nothing that is served', async () => {
    await trainedRun(folder, 'retrained', { steps: 60 });
    expect(await client.call('runs')).toEqual([
      { name: 'retrained', network: 'cifar-resnet18', fits: true },
      { name: 'run', network: 'cifar-resnet18', fits: true },
    ]);
    for (const [run, status] of [
      ['data', 404],
      ['../run', 400],
      ['..', 400],
    ] as const)
      expect([run, (await client.send('move', { body: { run, by: 'bob' } })).status]).toEqual([run, status]);
    const body = { run: 'retrained', controlImages: 50, testImages: 200, by: 'bob' };
    const moved = await client.done(await client.call('move', { body }), 'move');
    expect(moved).toMatchObject({ from: base, standings: [{ repair: expect.any(String) }] });
    expect(moved.release).toMatchObject({ base: moved.base, repairs: [moved.standings[0]!.repair] });
    expect((await answer(0)).version).toBe(base);
    const params = { id: moved.release.id };
    await client.call('activate', { params, body: { by: 'bob', override: 'a test' } });
    expect((await answer(0)).version).toBe(moved.release.id);
    await client.call('rollback', { body: { by: 'bob', why: 'practice', to: 'base' } });
  });

  it('takes feedback, of which a repair can be made', async () => {
    const image = Buffer.from(await encodePng(own[2]!.pixels, [1, 28, 28])).toString('base64');
    const sent = await client.call('sendFeedback', {
      body: { picture: { image }, expected: 'Bag', note: 'clearly a bag' },
    });
    expect(sent).toMatchObject({ release: base, expected: { name: 'Bag' }, state: 'open' });
    const wishes = [{ picture: { feedback: sent.id }, target: 'Bag' }];
    const [repair] = await client.call('propose', { body: { wishes, why: 'sent in', by: 'ann' } });
    expect(repair).toMatchObject({ source: { file: `feedback ${sent.id}`, targetName: 'Bag' } });
    expect(await client.call('dismissFeedback', { params: { id: sent.id } })).toMatchObject({ state: 'dismissed' });
  });

  it('cancels a job, and predictions go on while one runs', async () => {
    const job = await client.call('conflicts');
    const waiting = await client.call('findMistakes', { body: {} });
    expect((await answer(0)).version).toBe(base);
    await client.call('cancelJob', { params: { id: waiting.id } });
    expect((await client.end(waiting)).state).toBe('cancelled');
    await client.call('cancelJob', { params: { id: job.id } });
    expect(['cancelled', 'done']).toContain((await client.end(job)).state);
  });

  it('exchanges releases under load: no answer fails, each equals its release’s to the bit', async () => {
    const expected = new Map<string, number[][]>();
    const byVersion = async (version: string): Promise<number[][]> => {
      const answers = await Promise.all(own.map((_, at) => answer(at, {}, 'versionInfer', version)));
      return answers.map(({ logits }) => logits);
    };
    for (const version of [base, release]) expected.set(version, await byVersion(version));
    expect(expected.get(release)).not.toEqual(expected.get(base));
    const counts = new Map<string, number>();
    let going = true;
    const clients = Array.from({ length: 8 }, async (_, at) => {
      while (going) {
        const { version, logits } = await answer(at % 4);
        counts.set(version, (counts.get(version) ?? 0) + 1);
        expect(logits).toEqual(expected.get(version)?.[at % 4]);
      }
    });
    for (let turn = 0; turn < 20; turn++) {
      const forth = await client.call('activate', { params: { id: release }, body: { by: 'bob', override: 'a test' } });
      expect((await answer(0)).version).toBe(forth.version);
      await client.call('rollback', { body: { by: 'bob', why: 'practice' } });
      expect((await answer(0)).version).toBe(base);
    }
    going = false;
    await Promise.all(clients);
    expect([...counts.keys()].sort()).toEqual([base, release].sort());
    expect((await client.call('status')).served.release).toBeNull();
  });

  it('answers the examples’ clients, in fetch and in Python’s standard library', async () => {
    const file = join(folder, 'picture.png');
    writeFileSync(file, await encodePng(own[0]!.pixels, [1, 28, 28]));
    const serve = join(root, 'examples/serve');
    const [byFetch, byPython] = await Promise.all([
      printed(process.execPath, join(serve, 'client.mjs'), file, server.address),
      printed('python3', join(serve, 'client.py'), 'run', server.address),
    ]);
    expect(byFetch.split('\n')[0]).toBe(`release ${base.slice(0, 10)}`);
    expect(byPython).toMatch(
      new RegExp(`^release ${base.slice(0, 10)}\nhighest logit -?[\\d.]+ of 10\n([\\d.]+ % .+\n){3}$`),
    );
  });

  it('describes itself by a document that a validator takes, with every route of the table', async () => {
    const document = (await (await client.send('openapi')).json()) as Record<string, unknown>;
    expect(await new Validator().validate(document)).toMatchObject({ valid: true });
    const described = Object.keys((document as { paths: object }).paths).length;
    expect(described).toBe(new Set(Object.values(routes).map(({ path }) => path)).size);
  });

  it('counts under the names that users of Triton and MLServer know, in the form that Prometheus reads', async () => {
    const text = await (await client.send('metrics')).text();
    const problems = text.split('\n').filter((line) => line !== '' && !metricLine.test(line));
    expect(problems).toEqual([]);
    const count = new RegExp(`^nv_inference_request_success\\{model="run",version="${base}"\\} (\\d+)$`, 'm').exec(
      text,
    )?.[1];
    expect(Number(count)).toBeGreaterThan(50);
    for (const name of [
      'nv_inference_request_duration_us',
      'nv_inference_count',
      'nv_inference_exec_count',
      'model_infer_request_success',
    ])
      expect(text).toContain(`# TYPE ${name} counter`);
    const typed = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(typed).size).toBe(typed.length);
    // What Triton and MLServer called theirs is kept; what is ours follows the rules.
    const broken = lintMetrics(text);
    expect(broken.filter((each) => !/^(nv_inference|model_infer)_/.test(each))).toEqual([]);
    if (!hasPromtool) return;
    const { stdout, stderr, status } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr.trim().split('\n').sort()).toEqual([...broken].sort());
  });

  it('ends in order on SIGTERM: what was asked is answered, the store is whole', async () => {
    const last = Array.from({ length: 8 }, (_, at) => answer(at % 4));
    await last[0];
    const code = server.stop();
    expect((await Promise.allSettled(last)).filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(await code).toBe(0);
    using reopened = Store.open(store);
    expect(reopened.state.active).toBeNull();
    expect(readFileSync(join(store, 'journal.sqlite')).length).toBeGreaterThan(0);
    expect(server.log()).not.toMatch(/"level":(50|60)/);
  });
});

async function printed(command: string, ...words: readonly string[]): Promise<string> {
  return (await promisify(execFile)(command, [...words])).stdout;
}

/** A comment with help or type, or a sample with its labels. */
const metricLine =
  /^(# (HELP [a-zA-Z_:][\w:]* .+|TYPE [a-zA-Z_:][\w:]* (counter|gauge|histogram|summary|untyped))|[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="([^"\\\n]|\\.)*",?)*\})? (NaN|[+-]Inf|[-+]?[\d.]+(e[-+]?\d+)?))$/;
