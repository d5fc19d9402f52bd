/** `npm run bench`: the project's goals for speed, each beside PyTorch on the same machine in the same run. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openScope, threads, versions as torchVersions } from '@editable/torch';
import * as drawdown from './drawdown.mjs';
import * as editStep from './edit-step.mjs';
import { timeRows } from './measure.mjs';
import * as memory from './memory.mjs';
import * as naturalEdit from './natural-edit.mjs';
import * as photographs from './photographs.mjs';
import * as previewing from './preview.mjs';
import { startPytorch, tunedEnvironment } from './pytorch.mjs';
import { tableOf } from './report.mjs';
import * as sampledDrawdown from './sampled-drawdown.mjs';
import * as serving from './serve.mjs';
import * as swaps from './serve-swaps.mjs';
import * as smallOperator from './small-operator.mjs';
import * as trainingStep from './training-step.mjs';
import * as translation from './translation.mjs';

const subjects = [
  smallOperator,
  trainingStep,
  editStep,
  naturalEdit,
  drawdown,
  sampledDrawdown,
  photographs,
  translation,
  serving,
  previewing,
  swaps,
  memory,
];
const allRows = subjects.flatMap(({ rows, derived = [] }) => [...rows, ...derived]);
/** All but those that would take many times as long on this processor. */
const usualRows = allRows.filter(({ needs }) => needs !== 'bfloat16' || hasBfloat16());

const usage = `Usage: npm run bench -- [--rows NAME,…] [--width N] [--batch N] [--device cpu|cuda] [--quick] [--json]
Rows: ${allRows.map(({ name }) => name).join(', ')}.`;

try {
  const options = readOptions();
  if (options.help) console.log(usage);
  else await bench(options);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}

async function bench({ json, wanted, settings }) {
  const servers = { plain: startPytorch(), tuned: startPytorch(tunedEnvironment) };
  try {
    const about = await circumstances(servers, settings);
    const rows = [];
    for (const subject of subjects) rows.push(...(await measureSubject(subject, wanted, settings, servers)));
    say('');
    const report = { rows, ...about };
    console.log(json ? JSON.stringify(report, null, 2) : tableOf(report));
  } finally {
    servers.plain.stop();
    servers.tuned.stop();
  }
}

/** A subject's wanted rows; what a derived row is made of is measured with it. */
async function measureSubject({ rows, derived = [] }, wanted, settings, servers) {
  const ratios = derived.filter(({ name }) => wanted.has(name));
  const parts = new Set(ratios.flatMap(({ of }) => of));
  const timed = rows.filter((row) => row.prepare && (wanted.has(row.name) || parts.has(row.name)));
  const results = [];
  if (timed.length > 0) {
    const times = await inScope(() => timeRows(timed, settings, servers, say));
    for (const row of timed) if (wanted.has(row.name)) results.push(compared(row, times.get(row.name)));
    for (const row of ratios) results.push(overEachOther(row, ...row.of.map((name) => times.get(name))));
  }
  for (const row of rows.filter(({ name, measure }) => measure && wanted.has(name))) {
    say(row.name);
    results.push(bounded(row, await row.measure(settings)));
  }
  return results;
}

/** As `using` would, which Node 20 does not know: what the rows made is freed before the next subject. */
async function inScope(work) {
  const tensors = openScope();
  try {
    return await work();
  } finally {
    tensors[Symbol.dispose]();
  }
}

/** The goal bounds ours over PyTorch's. */
function compared({ name, title, unit, goal, goalTuned }, { ours, pytorch, pytorchTuned }) {
  const [ratio, ratioTuned] = [ours / pytorch, ours / pytorchTuned];
  const ok = ratio <= goal && (goalTuned === null || ratioTuned <= goalTuned);
  return { name, title, ours, pytorch, ratio, goal, pytorchTuned, ratioTuned, goalTuned, unit, ok };
}

/** The goal bounds our own quotient; PyTorch's stands beside it. */
function overEachOther(row, over, under) {
  const quotient = (side) => over[side] / under[side];
  return bounded(row, {
    ours: quotient('ours'),
    pytorch: quotient('pytorch'),
    pytorchTuned: quotient('pytorchTuned'),
  });
}

/** A row whose `ratio` is ours alone, as that is what its goal bounds. */
function bounded({ name, title, unit, goal }, { ours, pytorch, pytorchTuned = null, holds = true, ...more }) {
  const result = { name, title, ours, pytorch, ratio: ours, goal, pytorchTuned, ratioTuned: null, goalTuned: null };
  return { ...result, unit, ok: holds && ours <= goal, ...more };
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: usualRows.map(({ name }) => name).join() },
      width: { type: 'string' },
      batch: { type: 'string' },
      device: { type: 'string', default: 'cpu' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { help, json, quick, device } = values;
  const wanted = new Set(values.rows.split(','));
  for (const name of wanted) {
    if (!allRows.some((row) => row.name === name)) throw new Error(`there is no row "${name}". ${usage}`);
  }
  const width = wholeNumber('width', values.width ?? (quick ? '8' : '64'));
  const batch = wholeNumber('batch', values.batch ?? (quick ? '8' : '64'));
  return { help, json, wanted, settings: { width, batch, device, quick } };
}

/** Instructions for products in bfloat16, as Linux names them on x86. */
function hasBfloat16() {
  const path = '/proc/cpuinfo';
  return existsSync(path) && /\b(avx512_bf16|amx_bf16)\b/.test(readFileSync(path, 'utf8'));
}

function wholeNumber(name, text) {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`--${name} takes a whole number of at least 1, received "${text}".`);
}

async function circumstances({ plain, tuned }, settings) {
  const [pytorch, pytorchTuned] = [await plain.ask({ cmd: 'info' }), await tuned.ask({ cmd: 'info' })];
  return {
    machine: {
      processor: cpus()[0]?.model.trim() ?? 'unknown processor',
      cores: availableParallelism(),
      memory: totalmem(),
      device: settings.device === 'cpu' ? 'cpu' : pytorch.device,
    },
    versions: {
      node: process.versions.node,
      libtorch: torchVersions().torch,
      threads: threads(),
      pytorch: pytorch.torch,
      pytorchThreads: pytorch.threads,
      pytorchTunedThreads: pytorchTuned.threads,
    },
    commit: commit(),
    settings,
  };
}

function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '..') === '' ? '' : ' with changes';
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed}`;
  } catch {
    return 'unknown';
  }
}

function say(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}
