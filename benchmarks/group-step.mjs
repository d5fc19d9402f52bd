/**
 * `node benchmarks/group-step.mjs`: a training step alone and in a group of this machine's processes, the bytes that each sends,
 * and on paper the step at 8, 64 and 512 processes. `--trace FILE`: when buckets were on their way, for chrome://tracing.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { averageGradients, groupOfEnvironment, scope, writeFileAtomically } from '@editable/torch';
import { defaultTraining, imageClassification, Trainer } from 'editable';
import { median } from './measure.mjs';
import { randomBatch, untrainedNet } from './workload.mjs';

const usage =
  'Usage: node benchmarks/group-step.mjs [--processes 2] [--width 16] [--batch 32] [--steps 9] [--trace FILE] (batch: of each process)';

/** Assumed: what each of a ring's 2 (n − 1) messages takes besides its bytes. */
const messageSeconds = 20e-6;

const options = {
  processes: { type: 'string', default: '2' },
  width: { type: 'string', default: '16' },
  batch: { type: 'string', default: '32' },
  steps: { type: 'string', default: '9' },
  trace: { type: 'string' },
  help: { type: 'boolean', default: false },
};

function settingsOf({ trace, help: _, ...numbers }) {
  const counts = Object.entries(numbers).map(([name, text]) => {
    if (/^[1-9]\d*$/.test(text)) return [name, Number(text)];
    throw new Error(`--${name}: expected a whole number of at least 1, received "${text}".\n${usage}`);
  });
  return { ...Object.fromEntries(counts), trace };
}

/** One process of a group, or one alone: tells its parent what a step took. */
async function step({ width, batch, steps }) {
  const group = await groupOfEnvironment();
  const settings = { ...defaultTraining, objective: 'plain' };
  const net = untrainedNet({ width, device: 'cpu' });
  const trainer = new Trainer(imageClassification, net, settings, new Set(), group);
  const examples = randomBatch({ batch, device: 'cpu' });
  const once = () => trainer.step(examples, undefined, 1e-3);
  for (let i = 0; i < 2; i++) once();
  const sent = group?.bytesSent ?? 0;
  const times = Array.from({ length: steps }, () => {
    const start = performance.now();
    once();
    return performance.now() - start;
  });
  const bytes = ((group?.bytesSent ?? 0) - sent) / steps;
  const trace = group === undefined ? undefined : traceOf(group, net, examples);
  group?.finish();
  process.send({ milliseconds: median(times), bytes, trace, gradients: bytesOf(net) });
  process.disconnect();
}

const bytesOf = ({ parameters }) => [...parameters.values()].reduce((sum, { nbytes }) => sum + nbytes, 0);

/** Of one backward pass, in milliseconds from its start. */
const traceOf = (group, net, { input, target }) =>
  scope(() => {
    const parameters = new Map([...net.parameters].map(([name, value]) => [name, value.detach().requiresGrad_()]));
    const loss = net.call(input, { parameters, training: true }).output.crossEntropyLoss(target);
    group.barrier();
    return averageGradients(group, loss, [...parameters.values()], { bucketBytes: 2 ** 18 }).trace;
  });

async function measure(settings) {
  const [alone] = await together(1, settings);
  const group = await together(settings.processes, settings);
  const inGroup = median(group.map(({ milliseconds }) => milliseconds));
  const { processes, width, batch } = settings;
  const megabytes = (alone.gradients / 1e6).toFixed(2);
  console.log(`ResNet-18 of width ${width}, ${megabytes} MB of gradients, ${batch} images a process, one thread each`);
  console.log(`alone ${alone.milliseconds.toFixed(0)} ms a step; ${processes} processes ${inGroup.toFixed(0)} ms;`);
  console.log(`each sends ${(group[0].bytes / 1e6).toFixed(2)} MB a step\n\non paper, without overlap:`);
  for (const gigabits of [10, 100]) {
    const times = [8, 64, 512].map((n) => `n = ${n}: ${onPaper(alone, n, gigabits).toFixed(0)} ms`);
    console.log(`${gigabits} Gbit/s  ${times.join('  ')}`);
  }
  if (settings.trace === undefined) return;
  writeFileAtomically(settings.trace, `${JSON.stringify({ traceEvents: group.flatMap(eventsOf) })}\n`);
  const over = group.map(({ trace }) => trace.buckets.filter(({ ended }) => ended < trace.backwardEnded).length);
  console.log(`\n${over.join(' and ')} of ${group[0].trace.buckets.length} buckets were over before backward was`);
}

/** Milliseconds of a step of n processes: that of one, the ring's bytes at the full rate, and its messages. */
const onPaper = ({ milliseconds, gradients }, n, gigabits) =>
  milliseconds + 1000 * ((2 * (n - 1) * gradients) / n / (gigabits * 1.25e8) + 2 * (n - 1) * messageSeconds);

function eventsOf({ trace: { backwardEnded, buckets } }, rank) {
  const event = (name, tid, began, ended, args = {}) => {
    return { name, ph: 'X', pid: rank, tid, ts: 1000 * began, dur: 1000 * (ended - began), args };
  };
  return [
    event('backward', 0, 0, backwardEnded),
    ...buckets.map(({ bytes, began, ended }, i) => event(`bucket ${i}`, i + 1, began, ended, { bytes })),
  ];
}

async function together(size, settings) {
  const port = String(await freePort());
  const words = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  const place = { WORLD_SIZE: String(size), MASTER_ADDR: '127.0.0.1', MASTER_PORT: port, OMP_NUM_THREADS: '1' };
  return Promise.all(Array.from({ length: size }, (_, rank) => result(words, { ...place, RANK: String(rank) })));
}

const result = (words, place) =>
  new Promise((resolve, reject) => {
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'];
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...words], {
      env: { ...process.env, ...place },
      stdio,
    });
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => code === 0 || reject(new Error(`a process ended with code ${code}`)));
  });

function freePort() {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

try {
  const { values } = parseArgs({ options });
  if (values.help) console.log(usage);
  else if (process.send === undefined) await measure(settingsOf(values));
  else await step(settingsOf(values));
} catch (error) {
  console.error(`group-step: ${error.message}`);
  process.exitCode = 1;
}
