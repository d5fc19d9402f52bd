/** `ended-worker.mjs`: threads that never stop computing, each ended in the midst of it. Prints how many there were. */
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { modelOf, nn, randn, scope } from '@editable/torch';

const threads = 12;

function compute(): never {
  const model = modelOf(new nn.Conv2d(1, 4, 3));
  for (let round = 0; ; round++) {
    if (round === 1) parentPort?.postMessage('computes');
    scope(() => {
      const input = randn([1, 1, 8, 8]);
      const program = nn.optimizeForInference(model, input);
      program.run(input).data();
      program[Symbol.dispose]();
      try {
        input.add(randn([3, 3]));
      } catch {
        // An error is on its way to JavaScript as often as anything else when the end comes.
      }
    });
  }
}

async function main(): Promise<void> {
  for (let at = 0; at < threads; at++) {
    const worker = new Worker(fileURLToPath(import.meta.url));
    await new Promise((resolve) => worker.once('message', resolve));
    await setTimeout(10 * at);
    await worker.terminate();
  }
  console.log(JSON.stringify({ ended: threads }));
}

if (isMainThread) await main();
else compute();
