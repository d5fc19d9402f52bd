/** What a person waits for before a repair: a preview over HTTP, on a network like the demo's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as soon } from 'node:timers/promises';
import { nn } from '@editable/torch';
import { makeStore } from '@editable/workspace';
import { createRun, loadDataset, runConfig } from 'editable';
import { median } from './measure.mjs';
import { serverFile, started, threads } from './served.mjs';
import { trainedNet } from './trained-net.mjs';

/** Half of the 95 % interval of drawdown: this narrow, or every test image judged. */
const precision = 0.001;

const row = (name, title, goal, part) => ({
  name,
  title,
  unit: 's',
  goal,
  measure: async ({ quick }) => {
    previews ??= measurePreviews(quick);
    const { seconds, images } = await previews;
    return { ours: median(seconds.map((each) => each[part])), pytorch: null, images };
  },
});

/** Both rows are of the same previews. */
let previews;

export const rows = [
  row('preview-first', 'seconds from asking for a preview of a repair to its first figures', 1, 'first'),
  row('preview-precise', 'seconds until its drawdown is known to ± 0.1 %', 5, 'precise'),
];

/** ResNet-18 of width 8 and the 10,000 test images of Fashion-MNIST, as the demo has them. */
async function measurePreviews(quick) {
  const folder = mkdtempSync(join(tmpdir(), 'editable-bench-'));
  const dataset = await loadDataset('fashion-mnist');
  const spec = { kind: 'cifar-resnet18', width: 8, inChannels: 1, classes: 10 };
  const model = nn.channelsLast(trainedNet(dataset, { device: 'cpu', width: 8, steps: quick ? 20 : 600 }));
  const run = createRun(join(folder, 'run'), runConfig(dataset, spec, null), model);
  const opened = { run, dataset, model: run.model, patches: [], device: 'cpu' };
  const store = join(run.folder, 'store');
  makeStore(store, opened, { by: 'bench', controlImages: quick ? 50 : 1000 })[Symbol.dispose]();
  const server = await started(process.execPath, [serverFile, store], threads);
  try {
    const ask = asker(`http://127.0.0.1:${server.port}`);
    const { mistakes } = await ask('/api/mistakes', {}).then(({ id }) => ask.result(id));
    const seconds = [];
    for (const [at, { index, truth }] of mistakes
      .filter(({ suspect }) => !suspect)
      .slice(0, quick ? 2 : 9)
      .entries()) {
      const wishes = [{ picture: { index }, target: truth.label, views: at % 3 === 2 ? 16 : 0 }];
      seconds.push(await timedPreview(ask, wishes));
    }
    return { seconds, images: dataset.split('test').length };
  } finally {
    server.child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

function asker(address) {
  const ask = async (path, body) => {
    const sent = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${address}${path}`, body === undefined ? {} : sent);
    const document = await response.json();
    if (response.ok) return document;
    throw new Error(`${path} was answered with ${response.status}: ${document.error}`);
  };
  ask.events = (id) => eventsOf(`${address}/api/jobs/${id}/events`);
  ask.result = async (id) => {
    for (;;) {
      const { state, result, error } = await ask(`/api/jobs/${id}`);
      if (state === 'done') return result;
      if (state === 'failed' || state === 'cancelled') throw new Error(`job ${id}: ${error}`);
      await soon(50);
    }
  };
  return ask;
}

async function* eventsOf(url) {
  const { body } = await fetch(url);
  let text = '';
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    text += part;
    const events = text.split('\n\n');
    text = events.pop();
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      if (name !== undefined) yield { name, data: JSON.parse(data) };
    }
  }
}

async function timedPreview(ask, wishes) {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const { id } = await ask('/api/previews', { wishes });
  const times = {};
  for await (const { name, data } of ask.events(id)) {
    if (name !== 'preview') continue;
    times.first ??= seconds();
    if (isPrecise(data)) times.precise ??= seconds();
  }
  const end = seconds();
  await ask.result(id);
  return { first: end, precise: end, ...times };
}

const isPrecise = ({ final, drawdownInterval: [low, high] }) => final || (high - low) / 2 <= precision;
