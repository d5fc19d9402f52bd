/** Releases exchanged under load: every answer is its release's to the bit, and the slowest hundredth is hardly slower than in quiet. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as soon } from 'node:timers/promises';
import { approve, makeRelease, openBench, propose, Store, testPicture } from '@editable/workspace';
import autocannon from 'autocannon';
import { serverFile, started, threads, untrainedRun } from './served.mjs';

const connections = 8;
/** Milliseconds between two exchanges. */
const pause = 50;

const row = (name, releases, how) => ({
  name,
  title: `p99 of a prediction at ${connections} clients while releases ${how} are activated and rolled back, over the quiet p99`,
  unit: 'x',
  goal: 2,
  measure: (settings) => compare(releases, settings),
});

/** The last three versions stay loaded: five in turn are read from their files each time. */
export const rows = [row('serve-swaps', 1, 'in memory'), row('serve-loaded-swaps', 5, 'on disk')];

/** 100 activations and as many roll-backs, in rounds between quiet ones, so that both meet the same machine. */
async function compare(releases, { quick, width }) {
  const folder = mkdtempSync(join(tmpdir(), 'editable-bench-'));
  const { run, shape } = await untrainedRun(folder, { width: Math.min(width, 16), quick });
  const store = join(run, 'store');
  const ids = await releasesOf(store, releases);
  const server = await started(process.execPath, [serverFile, store, 'exact'], threads);
  try {
    const load = await loadOf(`http://127.0.0.1:${server.port}`, shape, ids);
    const [rounds, swaps] = quick ? [1, 5] : [10, 10];
    const seen = { quiet: [], swapped: [] };
    for (let round = 0; round < rounds; round++) {
      seen.quiet.push(...(await load.during(() => soon(quick ? 500 : 3000))));
      seen.swapped.push(...(await load.during(() => exchange(load.call, ids, { swaps, from: round * swaps }))));
    }
    const [quiet, swapped] = [seen.quiet, seen.swapped].map(p99);
    return {
      ours: swapped / quiet,
      pytorch: null,
      holds: load.failures() === 0,
      quietMs: quiet,
      swappedMs: swapped,
      activations: rounds * swaps,
      answers: seen.quiet.length + seen.swapped.length,
      failedOrMixed: load.failures(),
    };
  } finally {
    server.child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each holds one repair more than the one before. */
async function releasesOf(folder, count) {
  const store = Store.open(folder);
  try {
    const bench = await openBench(store);
    const ids = [];
    for (let at = 0; at < count; at++) {
      const picture = testPicture(at, bench.opened.dataset);
      const wish = { picture, target: (picture.truth + 1) % 10, by: 'bench', why: 'bench' };
      approve(store, propose(bench, wish).id, { by: 'second', why: 'bench' });
      ids.push((await makeRelease(bench, { by: 'bench', testImages: 50 })).stored.id);
    }
    return ids;
  } finally {
    store[Symbol.dispose]();
  }
}

async function loadOf(address, shape, ids) {
  const call = caller(address);
  const data = Array.from({ length: shape.reduce((all, side) => all * side, 1) }, (_, at) => (at * 7) % 256);
  const body = JSON.stringify({ inputs: [{ name: 'input', shape: [1, ...shape], datatype: 'UINT8', data }] });
  const expected = new Map();
  for (const version of [undefined, ...ids]) {
    const repository = { parameters: { version } };
    if (version !== undefined) await call('POST', '/v2/repository/models/model/load', repository);
    const path = version === undefined ? '/v2/models/model/infer' : `/v2/models/model/versions/${version}/infer`;
    const { model_version, outputs } = await call('POST', path, JSON.parse(body));
    expected.set(model_version, String(outputs[0].data));
    if (version !== undefined) await call('POST', '/v2/repository/models/model/unload', repository);
  }
  if (new Set(expected.values()).size !== expected.size)
    throw new Error('two releases answer alike, so that a mixed answer would not be seen.');
  let failed = 0;
  const verifyBody = (text) => {
    const { model_version, outputs } = JSON.parse(text);
    return expected.get(model_version) === String(outputs[0].data);
  };
  /** Milliseconds of each answer that was given while `work` lasted. */
  const during = async (work) => {
    const [method, headers] = ['POST', { 'content-type': 'application/json' }];
    const url = `${address}/v2/models/model/infer`;
    const run = autocannon({ url, method, headers, body, connections, duration: 3600, verifyBody });
    const times = [];
    run.on('response', (_client, _status, _bytes, time) => times.push(time));
    try {
      await work();
    } finally {
      run.stop();
      const { errors, timeouts, mismatches, non2xx } = await run;
      failed += errors + timeouts + mismatches + non2xx;
    }
    return times;
  };
  return { call, during, failures: () => failed };
}

async function exchange(call, ids, { swaps, from }) {
  for (let swap = 0; swap < swaps; swap++) {
    const id = ids[(from + swap) % ids.length];
    await call('POST', `/api/releases/${id}/activate`, { by: 'bench', override: 'a benchmark' });
    await soon(pause);
    await call('POST', '/api/rollback', { by: 'bench', why: 'a benchmark', to: 'base' });
    await soon(pause);
  }
}

const caller = (address) => async (method, path, body) => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(address + path, { method, headers, body: JSON.stringify(body) });
  if (response.ok) return response.json();
  throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`);
};

const p99 = (times) => [...times].sort((a, b) => a - b)[Math.floor(0.99 * times.length)];
