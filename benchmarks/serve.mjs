/** Predictions over HTTP at 1, 8 and 64 clients, beside a plain PyTorch server of the same network. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './measure.mjs';
import { pythonWithTorch, tunedEnvironment } from './pytorch.mjs';
import { serverFile, started, threads, untrainedRun } from './served.mjs';

const clientCounts = [1, 8, 64];
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

export const rows = clientCounts.map((clients) => ({
  name: `serve-${clients}`,
  title: `time of a prediction over HTTP at ${clients} ${clients === 1 ? 'client' : 'clients'}, over PyTorch's`,
  unit: 'x',
  goal: 1,
  measure: (settings) => compare(clients, settings),
}));

const environment = { ...tunedEnvironment, ...threads };

/** Both servers answer the same requests in turn; requests per second, medians of the rounds. */
async function compare(clients, { quick, width }) {
  const folder = mkdtempSync(join(tmpdir(), 'editable-bench-'));
  const { run, shape } = await untrainedRun(folder, { width: Math.min(width, 16), quick });
  const servers = {
    ours: await started(process.execPath, [serverFile, join(run, 'store')], threads),
    pytorch: await started(
      pythonWithTorch(),
      [file('./reference/serve.py'), join(run, 'model.safetensors')],
      environment,
    ),
  };
  try {
    const body = requestOf(shape);
    const answers = await Promise.all(Object.values(servers).map(({ port }) => ask(port, body, new Agent())));
    const rates = { ours: [], pytorch: [] };
    // A server that has just started also compiles, and prepares what previews need.
    for (const { port } of Object.values(servers))
      await requestsPerSecond(port, { clients, body, seconds: quick ? 1 : 8 });
    // Short turns, many of them: what else the machine does lasts for seconds, and must not fall on one side alone.
    for (let round = 0; round < (quick ? 1 : 20); round++)
      for (const [name, { port }] of Object.entries(servers))
        rates[name].push(await requestsPerSecond(port, { clients, body, seconds: 1 }));
    const [ours, pytorch] = [median(rates.ours), median(rates.pytorch)];
    return {
      ours: pytorch / ours,
      pytorch: null,
      holds: agree(...answers),
      oursPerSecond: ours,
      pytorchPerSecond: pytorch,
    };
  } finally {
    for (const { child } of Object.values(servers)) child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One picture as a binary tensor, as clients that care for speed send it. */
function requestOf(shape) {
  const numbers = Float32Array.from({ length: shape.reduce((all, side) => all * side, 1) }, (_, at) => (at % 7) / 7);
  const tensor = Buffer.from(numbers.buffer);
  const parameters = { binary_data_size: tensor.length };
  const inputs = [{ name: 'input', shape: [1, ...shape], datatype: 'FP32', parameters }];
  const head = Buffer.from(JSON.stringify({ inputs }));
  return { bytes: Buffer.concat([head, tensor]), head: head.length };
}

function ask(port, { bytes, head }, agent) {
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': bytes.length,
    'inference-header-content-length': head,
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', method: 'POST', path: '/v2/models/model/infer', headers, agent },
      (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.once('end', () => {
          const text = Buffer.concat(parts).toString();
          if (response.statusCode === 200) resolve(JSON.parse(text).outputs[0].data);
          else reject(new Error(`a prediction was answered with ${response.statusCode}: ${text}`));
        });
      },
    );
    sent.once('error', reject);
    sent.end(bytes);
  });
}

/** Each client asks again as soon as it is answered, on a connection that it keeps. */
async function requestsPerSecond(port, { clients, body, seconds }) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let [answered, going] = [0, true];
  const client = async () => {
    while (going) {
      await ask(port, body, agent);
      answered += 1;
    }
  };
  const all = Array.from({ length: clients }, client);
  await new Promise((soon) => setTimeout(soon, 250 * seconds));
  const [before, start] = [answered, performance.now()];
  await new Promise((soon) => setTimeout(soon, 1000 * seconds));
  const rate = (1000 * (answered - before)) / (performance.now() - start);
  going = false;
  await Promise.all(all);
  agent.destroy();
  return rate;
}

const agree = (a, b) => a.length === b.length && a.every((value, at) => Math.abs(value - b[at]) < 1e-3);
