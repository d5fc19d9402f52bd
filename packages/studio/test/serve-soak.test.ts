/**
 * Mixed traffic: predictions, pictures, bombs, random requests, listeners that go away, jobs, activations. The server lives, has no
 * error of its own, answers as before, and its memory stays flat. EDITABLE_SOAK_MINUTES=60 asks for an hour in place of some rounds.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Store, verifyStore } from '@editable/workspace';
import { encodePng, type RandomStream, stream } from 'editable';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, type Sent } from './client.js';
import { randomRequest } from './random-request.js';
import { raw } from './raw-request.js';
import { buildCommand, type StartedServer, servedRun, started } from './served-run.js';

const minutes = Number(process.env.EDITABLE_SOAK_MINUTES ?? 0);
/** Where no time is asked for. */
const shortRounds = 6;
const folder = mkdtempSync(join(tmpdir(), 'editable-soak-'));
const json = { 'content-type': 'application/json' };

/** Asks again where a connection that it kept was just closed as idle, as clients do. */
class PatientClient extends Client {
  override send(name: Parameters<Client['send']>[0], sent?: Sent): Promise<Response> {
    return super.send(name, sent).catch((error: { readonly cause?: { readonly code?: string } }) => {
      if (error.cause?.code !== 'ECONNRESET') throw error;
      return super.send(name, sent);
    });
  }
}

describe('editable serve under mixed traffic', () => {
  let server: StartedServer;
  let client: Client;
  let release: string;
  let png: Uint8Array<ArrayBuffer>;
  let bomb: Buffer;
  let pictures: readonly number[][];
  const statuses = new Map<number, number>();

  beforeAll(async () => {
    buildCommand();
    const { dataset } = await servedRun(folder);
    const test = dataset.split('test');
    pictures = [0, 1, 2, 3].map((index) => [...test.image(index)]);
    png = new Uint8Array(await encodePng(Uint8Array.from(test.image(0)), dataset.shape));
    bomb = await sharp({ create: { width: 9000, height: 9000, channels: 3, background: 'white' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    server = await started(folder);
    client = new PatientClient(server.address);
    const wishes = [{ picture: { index: 0 }, target: (test.labels[0]! + 1) % 10 }];
    const [repair] = await client.call('propose', { body: { wishes, why: 'soak', by: 'ann' } });
    await client.call('approve', { body: { repairs: [repair!.id], why: 'soak', by: 'bob' } });
    const body = { by: 'bob', testImages: 100 };
    release = (await client.done(await client.call('makeRelease', { body }), 'release')).id;
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A request's status is counted; 503 says that too much is asked at once, and is no error. */
  const counted = async (sent: Promise<{ readonly status: number }>): Promise<void> => {
    const { status } = await sent;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  const read = async (sent: Promise<Response>): Promise<{ readonly status: number }> => {
    const response = await sent;
    await response.arrayBuffer();
    return response;
  };
  const residentMiB = (): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))![1]) / 1024;

  const infer = async (
    at: number,
  ): Promise<{ readonly status: number; readonly key: string; readonly data: readonly number[] }> => {
    const input = { name: 'input', shape: [1, 1, 28, 28], datatype: 'UINT8', data: pictures[at]! };
    const answer = await client.send('infer', { params: { model: 'run' }, body: { inputs: [input] } });
    const { model_version, outputs } = (await answer.json()) as {
      model_version: string;
      outputs: { data: number[] }[];
    };
    return { status: answer.status, key: `${model_version} ${at}`, data: outputs[0]!.data };
  };

  it(
    'stays as large as it is, and answers each picture as each release always did',
    async () => {
      const random = stream(0, 'soak');
      const answers = new Map<string, readonly number[]>();
      const resident: number[] = [];
      const started = Date.now();
      const isOver = (): boolean =>
        minutes === 0 ? resident.length >= shortRounds : Date.now() - started >= minutes * 60_000;
      for (let mark = 1; !isOver(); ) {
        await round(random, answers);
        resident.push(residentMiB());
        if (minutes > 0 && Date.now() - started >= mark * 300_000) {
          console.info(
            `soak: ${5 * mark} min, ${sum(statuses.values())} requests, ${Math.round(resident.at(-1)!)} MiB`,
          );
          mark += 1;
        }
      }
      const { problem } = await client.call('status');
      expect(problem).toBeNull();
      expect([...statuses.keys()].filter((status) => status >= 500 && status !== 503)).toEqual([]);
      expect(server.log()).not.toMatch(/"level":(50|60)/);
      // The first fifth is for caches that fill once.
      const fifth = Math.floor(resident.length / 5);
      const [early, late] = [resident.slice(fifth, 2 * fifth), resident.slice(-fifth)].map(mean) as [number, number];
      console.info(`soak: ${JSON.stringify([...statuses])}, from ${Math.round(early)} to ${Math.round(late)} MiB`);
      expect(late).toBeLessThan(early + (minutes === 0 ? 150 : 50));
      expect(await server.stop()).toBe(0);
      using store = Store.open(join(folder, 'run', 'store'));
      expect(verifyStore(store).problems).toEqual([]);
    },
    (minutes + 5) * 60_000,
  );

  async function round(random: RandomStream, answers: Map<string, readonly number[]>): Promise<void> {
    const known = async (at: number): Promise<{ readonly status: number }> => {
      const { status, key, data } = await infer(at);
      const before = answers.get(key) ?? data;
      // Alone or together with others: the last bits differ.
      expect(data.every((value, at) => Math.abs(value - before[at]!) < 1e-4)).toBe(true);
      answers.set(key, data);
      return { status };
    };
    const image = (body: Uint8Array<ArrayBuffer>, type = 'image/png'): Promise<Response> =>
      client.send('predict', { body, headers: { 'content-type': type } });
    await Promise.all([
      ...Array.from({ length: 40 }, (_, at) => counted(known(at % 4))),
      ...Array.from({ length: 10 }, () => counted(read(image(png)))),
      ...Array.from({ length: 20 }, () => counted(raw(server.address, randomRequest(random.normal.bind(random))))),
      counted(read(image(new Uint8Array(bomb)))),
      counted(read(image(png.slice(0, png.length / 2)))),
      counted(raw(server.address, { path: '/api/status', headers: { host: 'evil.example' } })),
      counted(
        raw(server.address, {
          method: 'POST',
          path: '/api/rollback',
          headers: { ...json, origin: 'http://evil.example' },
        }),
      ),
      ...(['status', 'repairs', 'releases', 'log', 'metrics', 'openapi', 'jobs', 'feedback'] as const).map((name) =>
        counted(read(client.send(name))),
      ),
    ]);
    await leave();
    const sent = await client.send('sendFeedback', {
      body: { picture: { index: random.int(100) }, note: 'x', by: 'carl' },
    });
    const { id } = (await sent.json()) as { readonly id: number };
    await counted(read(client.send('dismissFeedback', { params: { id } })));
    // A random request may have done either already: then it is refused with a sentence.
    await counted(read(client.send('activate', { params: { id: release }, body: { by: 'bob', override: 'soak' } })));
    await Promise.all([0, 1, 2, 3].map((at) => counted(known(at))));
    await counted(read(client.send('rollback', { body: { by: 'bob', why: 'soak' } })));
    await previews(random);
  }

  /** A listener that goes away. */
  async function leave(): Promise<void> {
    const gone = new AbortController();
    const response = await fetch(`${server.address}/api/events`, { signal: gone.signal });
    await response.body!.getReader().read();
    gone.abort();
  }

  /** One that is waited for, and one that is cancelled. */
  async function previews(random: RandomStream): Promise<void> {
    const wishes = [{ picture: { index: 1 + random.int(1000) }, target: random.int(10) }];
    const jobs = await Promise.all([0, 1].map(() => client.send('preview', { body: { wishes } })));
    if (jobs.some(({ status }) => status !== 202)) return;
    const [first, second] = await Promise.all(jobs.map((each) => each.json() as Promise<{ readonly id: string }>));
    await counted(read(client.send('cancelJob', { params: { id: second!.id } })));
    await client.end(first as Parameters<Client['end']>[0]);
  }
});

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, each) => total + each, 0);
const mean = (numbers: readonly number[]): number => sum(numbers) / Math.max(1, numbers.length);
