/** `editable launch --processes N -- train …`: one command in several processes of this machine, as torchrun starts them. */
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { UsageError } from '../errors.js';
import { watchChildren } from '../launch/watch-children.js';
import { text, wholeNumber } from '../options/kinds.js';
import type { OptionTable } from '../options/table.js';

interface LaunchFlags {
  readonly processes: number;
  readonly nodes: number;
  readonly nodeRank: number;
  readonly masterAddr: string | undefined;
  readonly masterPort: number | undefined;
}

const options: OptionTable<LaunchFlags> = {
  processes: { kind: wholeNumber({ min: 1, max: 4096 }), required: true, description: 'processes on this machine' },
  nodes: { kind: wholeNumber({ min: 1 }), default: 1, description: 'machines, each of which runs this command' },
  nodeRank: { kind: wholeNumber(), default: 0, description: 'which of them this is, from 0' },
  masterAddr: {
    kind: text('address', 'a name or address'),
    description: 'the machine of node rank 0, as the others reach it (default: this one)',
  },
  masterPort: {
    kind: wholeNumber({ min: 1, max: 65_535 }),
    description: 'a free port of it (default: one that is free here)',
  },
};

export const launchCommand: ReturnType<typeof defineCommand> = defineCommand<LaunchFlags>({
  name: 'launch',
  summary: 'Run a command in several processes that work together: train, evaluate, tune, curvature.',
  arguments: [{ name: 'command', description: 'the command and its options, after --', several: true }],
  options,
  examples: [
    'launch --processes 2 -- train --dataset fashion-mnist --width 8 --epochs 2 --out runs/plain',
    'launch --processes 4 -- evaluate runs/editable --edits 1000',
    'launch --processes 8 --nodes 2 --node-rank 1 --master-addr node-0 --master-port 29500 -- train --out runs/plain',
  ],
  run: launch,
});

async function launch(
  words: readonly (string | undefined)[],
  { processes, nodes, nodeRank, masterAddr, masterPort }: LaunchFlags,
  console: Console,
): Promise<number> {
  if (nodeRank >= nodes)
    throw new UsageError(`--node-rank: expected a number below --nodes ${nodes}, received ${nodeRank}.`);
  for (const [name, value] of [
    ['--master-addr', masterAddr],
    ['--master-port', masterPort],
  ] as const) {
    if (nodes > 1 && value === undefined)
      throw new UsageError(`${name}: expected with --nodes ${nodes}, the same on each.`);
  }
  const port = masterPort ?? (await freePort());
  const threads = Math.max(1, Math.floor(availableParallelism() / processes));
  const places = Array.from({ length: processes }, (_, localRank) => ({
    OMP_NUM_THREADS: String(threads),
    ...process.env,
    RANK: String(nodeRank * processes + localRank),
    LOCAL_RANK: String(localRank),
    WORLD_SIZE: String(nodes * processes),
    LOCAL_WORLD_SIZE: String(processes),
    MASTER_ADDR: masterAddr ?? '127.0.0.1',
    MASTER_PORT: String(port),
  }));
  const failure = await watchChildren(words as readonly string[], places);
  if (failure === undefined) return exitCodes.done;
  console.remark(`editable: ${failure}`);
  return exitCodes.failed;
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
