/**
 * Computes in worker threads: `worker.mjs main-first|worker-first`. Each thread works on tensors of its own; workers end
 * one after another while the others go on, some by being terminated in the middle of their work. Prints each one's sum.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const rounds = 200;

/** Training steps on a small regression, with second-order gradients; the same for the same seed in any thread. */
async function work(seed: number): Promise<number> {
  const { grad, keep, matmul, memory, scope, tensor } = await import('@editable/torch');
  const before = memory().tensors;
  const theta = keep(
    tensor(
      [
        [seed, 1],
        [2, 3],
      ],
      { requiresGrad: true },
    ),
  );
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    total += scope(() => {
      const loss = matmul(theta, theta).square().mean();
      const [first] = grad(loss, [theta], { createGraph: true });
      const [second] = grad(first!.square().sum(), [theta]);
      return second!.sum().item();
    });
    if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  theta.dispose();
  if (memory().tensors !== before) throw new Error(`${memory().tensors - before} tensors are left`);
  return total;
}

const start = (seed: number): { worker: Worker; result: Promise<number> } => {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: seed });
  const result = new Promise<number>((resolve, reject) => worker.on('message', resolve).on('error', reject));
  return { worker, result };
};

const ended = (worker: Worker): Promise<unknown> => new Promise((resolve) => worker.on('exit', resolve));

async function main(order: string): Promise<void> {
  if (order === 'main-first') await work(1);
  for (let i = 0; i < 2; i++) {
    const { worker, result } = start(2);
    await Promise.all([result, ended(worker)]);
  }
  const workers = [1, 2, 3].map(start);
  const stopped = start(4);
  const [own, ...results] = await Promise.all([
    work(1),
    ...workers.map(({ result }) => result),
    stopped.worker.terminate(),
  ]);
  const after = await work(1);
  console.log(JSON.stringify({ own, results: results.slice(0, 3), after }));
}

if (isMainThread) await main(process.argv[2] ?? 'main-first');
else parentPort!.postMessage(await work(workerData as number));
