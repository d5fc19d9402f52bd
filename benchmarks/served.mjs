/** `editable serve` as benchmarks start it: in a process of its own, on a run with a store. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nn, scope } from '@editable/torch';
import { makeStore } from '@editable/workspace';
import { createModel, createRun, loadDataset, runConfig } from 'editable';

/** Takes a store's folder; prints its port. */
export const serverFile = fileURLToPath(new URL('./serve-process.mjs', import.meta.url));

/** As `editable serve` has it, and as many for PyTorch: more of them would fight with those of the connections. */
export const threads = { OMP_NUM_THREADS: String(Math.max(1, availableParallelism() >> 1)) };

/** Grey pictures of 28 × 28; no figure depends on the weights. */
export async function untrainedRun(folder, { width, quick }) {
  const dataset = await loadDataset('fashion-mnist');
  const spec = { kind: 'cifar-resnet18', width, inChannels: 1, classes: 10 };
  return scope(() => {
    const model = nn.channelsLast(createModel(spec, { seed: 0 }));
    const run = createRun(join(folder, 'run'), runConfig(dataset, spec, null), model);
    const opened = { run, dataset, model: run.model, patches: [], device: 'cpu' };
    makeStore(join(run.folder, 'store'), opened, { by: 'bench', controlImages: quick ? 10 : 50 })[Symbol.dispose]();
    return { run: run.folder, shape: dataset.shape };
  });
}

/** Waits for the line that says the port. */
export function started(command, words, environment = {}) {
  const child = spawn(command, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (line) => resolve({ child, port: Number(line) }));
    child.once('exit', (code) => reject(new Error(`${words[0]} ended with ${code}; its message is above.`)));
  });
}
