/** What the server refuses, and that it lives on: wrong requests, roles, other sites, bombs, thousands of random requests. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stream } from 'editable';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorSchema, routes } from '../src/api/index.js';
import { Client } from './client.js';
import { randomRequest } from './random-request.js';
import { type RawRequest, raw } from './raw-request.js';
import { buildCommand, type StartedServer, servedRun, started } from './served-run.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-refusals-'));
const picture = { name: 'input', shape: [1, 1, 28, 28], datatype: 'FP32', data: Array.from({ length: 784 }, () => 0) };
const nobody = '0'.repeat(64);

interface Refused {
  readonly status: number;
  readonly error: string;
}

async function refused(address: string, request: RawRequest): Promise<Refused> {
  const { status, text } = await raw(address, request);
  const { error } = errorSchema.parse(JSON.parse(text));
  expect(error).toMatch(/^.{10,600}$/s);
  expect(text).not.toMatch(/ at .*\.js:\d|node_modules|serve-refusals|editable-serve-/);
  return { status, error };
}

const json = { 'content-type': 'application/json' };
const infer = (inputs: unknown, more: object = {}): RawRequest => ({
  method: 'POST',
  path: '/v2/models/run/infer',
  headers: json,
  body: JSON.stringify({ inputs, ...more }),
});

describe('editable serve refuses', () => {
  let server: StartedServer;
  let address: string;

  beforeAll(async () => {
    buildCommand();
    await servedRun(folder, { steps: 0 });
    server = await started(folder, '--max-body', '1');
    ({ address } = server);
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each<[string, RawRequest, number, string]>([
    ['an address that is none', { path: '/etc/passwd' }, 404, 'there is no GET'],
    ['a path that climbs', { path: '/../../../../etc/passwd' }, 404, 'there is no GET'],
    ['an encoded path that climbs', { path: '/%2e%2e/%2e%2e/etc/passwd' }, 404, 'there is no'],
    ['a picture whose name climbs', { path: '/api/pictures/repairs/..%2f..%2fjournal.sqlite' }, 400, 'params'],
    ['an export whose name climbs', { path: '/api/exports/..%2f..%2fetc%2fpasswd' }, 400, 'params'],
    ['an export that is none', { path: `/api/exports/${nobody}-patch` }, 404, 'the file of an export'],
    ['a model that is none', { path: '/v2/models/other' }, 404, 'expected the model "run", received "other"'],
    ['a release that is none', { path: `/api/releases/${nobody}` }, 404, 'which is none'],
    [
      'a version that is not loaded',
      { ...infer([picture]), path: `/v2/models/run/versions/${nobody}/infer` },
      404,
      'which is none',
    ],
    ['a job that is none', { path: '/api/jobs/1/events' }, 404, 'expected a job of this server'],
    ['a test image that is none', { path: '/api/pictures/test/99999' }, 404, 'from 0 to 1199'],
    ['no JSON', { ...infer([]), body: '{"inputs": [' }, 400, 'expected JSON'],
    ['no inputs', infer([]), 400, 'inputs'],
    ['two inputs', infer([picture, picture]), 400, 'expected one input named "input", received 2'],
    ['another name', infer([{ ...picture, name: 'x' }]), 400, 'expected an input named "input"'],
    ['another shape', infer([{ ...picture, shape: [1, 3, 28, 28] }]), 400, 'expected the shape [N, 1, 28, 28]'],
    ['another type', infer([{ ...picture, datatype: 'FP64' }]), 400, 'expected FP32 (normalised) or UINT8'],
    ['numbers that lack', infer([{ ...picture, data: [1, 2] }]), 400, 'expected 784 numbers'],
    ['numbers too many', infer([{ ...picture, data: [...picture.data, 1] }]), 400, 'received more'],
    ['words for numbers', infer([{ ...picture, data: ['a', ...picture.data.slice(1)] }]), 400, 'received "a" at 0'],
    [
      'pixels beyond 255',
      infer([{ ...picture, datatype: 'UINT8', data: picture.data.map(() => 256) }]),
      400,
      'from 0 to 255',
    ],
    ['more pictures than one may send', infer([{ ...picture, shape: [1e9, 1, 28, 28] }]), 400, 'at most 512 pictures'],
    [
      'binary bytes that lack',
      { ...infer([{ ...picture, data: undefined, parameters: { binary_data_size: 3136 } }]) },
      400,
      'received 0',
    ],
    [
      'an output that is none',
      infer([picture], { outputs: [{ name: 'x' }] }),
      400,
      'expected "logits" or "probabilities"',
    ],
    [
      'half a class',
      infer([picture], { outputs: [{ name: 'logits', parameters: { classification: 0.5 } }] }),
      400,
      'classification: expected a whole number',
    ],
    [
      'a form',
      { ...infer([picture]), headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'expected a body of',
    ],
    ['too large a body', { ...infer([picture]), body: Buffer.alloc(2 ** 20 + 1, ' ') }, 413, 'at most 1048576 bytes'],
    [
      'a text as a picture',
      { method: 'POST', path: '/api/predict', headers: { 'content-type': 'image/png' }, body: 'hello' },
      415,
      'PNG, JPEG or WebP',
    ],
    [
      'a picture as JSON',
      { method: 'POST', path: '/api/predict', headers: json, body: '{}' },
      415,
      'picture’s file as the body',
    ],
    [
      'a page of another site',
      { ...infer([picture]), headers: { ...json, origin: 'http://evil.example' } },
      403,
      'another site',
    ],
    [
      'a page of another origin here',
      { ...infer([picture]), headers: { ...json, origin: 'http://127.0.0.1:1' } },
      403,
      'another site',
    ],
    [
      'a cross-site fetch',
      { ...infer([picture]), headers: { ...json, 'sec-fetch-site': 'cross-site' } },
      403,
      'another site',
    ],
    ['another host’s name', { path: '/api/status', headers: { host: 'evil.example' } }, 403, 'localhost or 127.0.0.1'],
    [
      'a repair that nobody asks for',
      {
        method: 'POST',
        path: '/api/repairs',
        headers: json,
        body: JSON.stringify({ wishes: [{ picture: { index: 0 }, target: 1 }], why: 'x' }),
      },
      400,
      'by: expected who does it',
    ],
    [
      'a class that is none',
      {
        method: 'POST',
        path: '/api/repairs',
        headers: json,
        body: JSON.stringify({ wishes: [{ picture: { index: 0 }, target: 'Cat' }], why: 'x', by: 'ann' }),
      },
      400,
      'received "Cat"',
    ],
    [
      'a name that rewrites a terminal',
      {
        method: 'POST',
        path: '/api/repairs',
        headers: json,
        body: JSON.stringify({ wishes: [{ picture: { index: 0 }, target: 1 }], why: 'x', by: '\u001b[2J' }),
      },
      400,
      'by',
    ],
    [
      'a roll-back of nothing',
      { method: 'POST', path: '/api/rollback', headers: json, body: '{"why": "x", "by": "ann"}' },
      409,
      'no release is active',
    ],
    [
      'a candidate that is served',
      {
        method: 'PUT',
        path: '/api/rollout',
        headers: json,
        body: '{"mode": "shadow", "release": "base", "by": "ann"}',
      },
      400,
      'only be compared with itself',
    ],
  ])('%s', async (_, request, status, sentence) => {
    const answer = await refused(address, request);
    expect(answer.error).toContain(sentence);
    expect(answer.status).toBe(status);
  });

  it('a small file that holds a large picture, before it is decoded', async () => {
    const bomb = await sharp({ create: { width: 9000, height: 9000, channels: 3, background: 'white' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    expect(bomb.length).toBeLessThan(2 ** 20);
    const answer = await refused(address, {
      method: 'POST',
      path: '/api/predict',
      headers: { 'content-type': 'image/png' },
      body: bomb,
    });
    expect(answer).toEqual({
      status: 413,
      error: 'expected a picture of at most 25 megapixels, received 9000 × 9000.',
    });
    const cut = await sharp({ create: { width: 300, height: 300, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    const truncated = {
      method: 'POST',
      path: '/api/predict',
      headers: { 'content-type': 'image/jpeg' },
      body: cut.subarray(0, 600),
    };
    expect((await refused(address, truncated)).error).toContain('the picture');
  });

  it('nothing that its page needs, and everything else that a page could load', async () => {
    const { headers } = await raw(address, { path: '/v2' });
    expect(headers['content-security-policy']).toContain("default-src 'none';script-src 'self'");
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(server.log()).not.toContain('Deprecat');
  });

  it('to mind listeners that go away in the middle of a stream', async () => {
    for (let listener = 0; listener < 10; listener++) {
      const gone = new AbortController();
      const response = await fetch(`${address}/api/events`, { signal: gone.signal });
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      const { value } = await response.body!.getReader().read();
      expect(Buffer.from(value!).toString()).toMatch(/^event: served\ndata: \{"release":null/);
      gone.abort();
    }
    for (let later = 0; later < 5; later++) expect((await raw(address, { path: '/api/status' })).status).toBe(200);
    expect(server.log()).not.toContain('"level":50');
  });

  it('thousands of random requests without an error of its own, and answers as before', async () => {
    const random = stream(0, 'requests');
    const statuses = new Map<number, number>();
    const one = async (): Promise<void> => {
      const { status } = await raw(address, randomRequest(random.normal.bind(random)));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    };
    for (let round = 0; round < 100; round++) await Promise.all(Array.from({ length: 20 }, one));
    expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
    expect([...statuses.values()].reduce((sum, count) => sum + count)).toBe(2000);
    expect((await raw(address, infer([picture]))).status).toBe(200);
    expect(server.log()).not.toContain('"level":50');
    expect(readdirSync(folder).sort()).toEqual(['data', 'run']);
  });

  it('what a token’s role does not allow, and who has none', async () => {
    const tokens = join(folder, 'tokens.json');
    const names = ['read', 'propose', 'approve'] as const;
    writeFileSync(
      tokens,
      JSON.stringify(names.map((role) => ({ name: `${role}er`, role, token: `secret-token-of-${role}` }))),
    );
    const guarded = await started(folder, '--tokens', tokens);
    try {
      const bearer = (role: string) => ({ authorization: `Bearer secret-token-of-${role}` });
      const at = (role: string): Client => new Client(guarded.address, bearer(role));
      expect(await refused(guarded.address, { path: '/api/status' })).toMatchObject({ status: 401 });
      expect(
        await refused(guarded.address, { path: '/metrics', headers: { authorization: 'Bearer guess' } }),
      ).toMatchObject({ status: 401 });
      expect((await raw(guarded.address, { path: '/v2/health/ready' })).status).toBe(200);
      expect((await at('read').call('status')).you).toEqual({ name: 'reader', role: 'read' });
      const wishes = [{ picture: { index: 0 }, target: 3 }];
      const proposal = { body: { wishes, why: 'x' } };
      expect((await at('read').send('propose', proposal)).status).toBe(403);
      const [repair] = await at('propose').call('propose', proposal);
      expect(repair!.proposed.by).toBe('proposeer');
      expect((await at('propose').send('propose', { body: { wishes, why: 'x', by: 'bob' } })).status).toBe(403);
      expect((await at('propose').send('approveOne', { params: { id: repair!.id }, body: { why: 'x' } })).status).toBe(
        403,
      );
      expect((await at('approve').call('approveOne', { params: { id: repair!.id }, body: { why: 'x' } })).status).toBe(
        'approved',
      );
      const session = await new Client(guarded.address).send('signIn', { body: { token: 'secret-token-of-read' } });
      const cookie = session.headers.get('set-cookie')!;
      expect(cookie).toMatch(/^editable-token=[\w-]+; Path=\/; HttpOnly; SameSite=Strict$/);
      expect(
        (await raw(guarded.address, { path: '/api/status', headers: { cookie: cookie.split(';')[0]! } })).status,
      ).toBe(200);
      expect((await new Client(guarded.address).send('signIn', { body: { token: 'wrong' } })).status).toBe(401);
      for (const [name, { open, role }] of Object.entries(routes))
        if (role !== 'read' && open !== true)
          expect([
            name,
            (await at('read').send(name as keyof typeof routes, { params: { id: nobody, model: 'run' } })).status,
          ]).toEqual([name, 403]);
    } finally {
      expect(await guarded.stop()).toBe(0);
    }
  });

  it('an address that others reach without tokens, a file of tokens that is none, a name that is none', async () => {
    const tokens = join(folder, 'short.json');
    writeFileSync(tokens, '[{"name": "ann", "role": "read", "token": "short"}]');
    await Promise.all([
      expect(started(folder, '--host', '0.0.0.0')).rejects.toThrow('expected tokens with it, or 127.0.0.1'),
      expect(started(folder, '--tokens', tokens)).rejects.toThrow('at least 16 letters'),
      expect(started(folder, '--name', 'a/b')).rejects.toThrow('expected letters, digits, dots and dashes'),
    ]);
  });
});
