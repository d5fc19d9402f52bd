/** A run on small pictures, trained in seconds, with its data and store; and the server started on it as people start it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nn, tensor } from '@editable/torch';
import { makeStore, type OpenedModel } from '@editable/workspace';
import {
  assembleBatch,
  BatchSchedule,
  createModel,
  createRun,
  defaultTraining,
  imageClassification,
  loadDataset,
  onDevice,
  runConfig,
  stream,
  Trainer,
} from 'editable';

export const root: string = fileURLToPath(new URL('../../..', import.meta.url));
const command = join(root, 'packages/cli/bin/editable.js');

const side = 28;
export const trainImages = 1000;
export const testImages = 1200;

/** Noisy gratings at ten angles, as the four files of Fashion-MNIST: so that a server finds them as it would those. */
function writeGratings(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [prefix, count] of [
    ['train', trainImages],
    ['t10k', testImages],
  ] as const) {
    const random = stream(0, 'gratings', prefix);
    const labels = Uint8Array.from({ length: count }, (_, at) => at % 10);
    const pixels = Uint8Array.from({ length: count * side * side }, (_, at) => {
      const [y, x] = [Math.floor(at / side) % side, at % side];
      const angle = ((labels[Math.floor(at / (side * side))] as number) * Math.PI) / 10;
      const wave = Math.sin(((x * Math.cos(angle) + y * Math.sin(angle)) * 2 * Math.PI) / 7);
      return Math.max(0, Math.min(255, Math.round(128 + 25 * wave + 60 * random.normal())));
    });
    writeFileSync(join(folder, `${prefix}-images-idx3-ubyte`), idx([count, side, side], pixels));
    writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), idx([count], labels));
  }
}

function idx(dimensions: readonly number[], values: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head.set([0, 0, 8, dimensions.length]);
  for (const [at, length] of dimensions.entries()) head.writeUInt32BE(length, 4 + 4 * at);
  return Buffer.concat([head, values]);
}

/** FOLDER/data, FOLDER/run and FOLDER/run/store. `steps`: 0 leaves the network as it was made. */
export async function servedRun(folder: string, { steps = 40 } = {}): Promise<OpenedModel> {
  writeGratings(join(folder, 'data'));
  const opened = await trainedRun(folder, 'run', { steps });
  makeStore(join(folder, 'run', 'store'), opened, { by: 'ann', controlImages: 50 })[Symbol.dispose]();
  return opened;
}

/** FOLDER/NAME on the same data. */
export async function trainedRun(folder: string, name: string, { steps = 40 } = {}): Promise<OpenedModel> {
  const dataset = await loadDataset('fashion-mnist', { dataDir: join(folder, 'data') });
  const spec = { kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 } as const;
  const train = dataset.split('train');
  const schedule = new BatchSchedule(train.length, { batchSize: 32, seed: 0 });
  const trainer = new Trainer(imageClassification, onDevice(createModel(spec), 'cpu'), {
    ...defaultTraining,
    objective: 'plain',
  });
  for (let step = 0; step < steps; step++) {
    const indices = schedule.at(step);
    const batch = assembleBatch(train, indices, { normalization: dataset.normalization });
    using images = tensor(batch.images, { shape: [indices.length, ...dataset.shape] });
    using labels = tensor(batch.labels);
    trainer.step({ input: images, target: labels }, undefined, 3e-3);
  }
  const run = createRun(join(folder, name), runConfig(dataset, spec, null), nn.channelsLast(trainer.snapshot()));
  return { run, dataset, model: run.model, patches: [], device: 'cpu' };
}

/** The command line is what people start: it has to be built. */
export const buildCommand = (): void => {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'packages/cli')]);
};

export const editable = (...words: readonly string[]): string =>
  execFileSync(process.execPath, [command, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

export interface StartedServer {
  readonly address: string;
  readonly process: ChildProcess;
  /** What it logged, and anything else on stderr. */
  log(): string;
  /** As systemd does; the exit code. */
  stop(): Promise<number | null>;
}

/** `editable serve FOLDER/run --port 0 …` */
export const started = (folder: string, ...words: readonly string[]): Promise<StartedServer> =>
  startedIn([], folder, ...words);

/** The same with a command before it, which ends as the server: `exec`. */
export async function startedIn(
  before: readonly string[],
  folder: string,
  ...words: readonly string[]
): Promise<StartedServer> {
  const own = ['--port', '0', '--data-dir', join(folder, 'data'), '--json'];
  const line = [...before, process.execPath, command, 'serve', join(folder, 'run'), ...own, ...words];
  const child = spawn(line[0] as string, line.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, EDITABLE_USER: 'ann' },
  });
  let log = '';
  child.stderr.on('data', (text) => {
    log += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const { address } = await new Promise<{ address: string }>((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (text) => {
      out += text;
      if (/^}/m.test(out)) resolve(JSON.parse(out));
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
  });
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  return { address, process: child, log: () => log, stop };
}
