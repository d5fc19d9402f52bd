/** Processes that meet: among themselves, with PyTorch's, under torchrun, and when something is wrong. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { groupBackends } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileProgram, environments, freePort, type Program, start, together } from './processes.js';

const python = '/usr/bin/python3';
const hasPyTorch =
  spawnSync(python, ['-c', 'import torch.distributed as d; assert d.is_gloo_available()']).status === 0;
const pytorchProgram = fileURLToPath(new URL('./programs/pytorch.py', import.meta.url));

let program: Program;
beforeAll(async () => {
  program = await compileProgram('meet');
});
afterAll(() => program?.remove());

const plan = (settings: object = {}): string[] => [JSON.stringify(settings)];
const alone = (environment: NodeJS.ProcessEnv, settings: object = {}) =>
  start(process.execPath, [program.file, ...plan(settings)], environment).ended;

/** What each of `size` processes finds. */
const found = (rank: number, size: number) => ({
  rank,
  mean: (size + 1) / 2,
  greatest: size,
  told: 1,
  all: Array.from({ length: size }, (_, each) => [each, 7]),
});

describe.skipIf(!groupBackends().includes('gloo'))('a group of processes', () => {
  it.each([2, 4])('adds up, broadcasts and gathers over %i processes', async (size) => {
    const ended = await together(program, size, plan());
    expect(ended.map(({ stderr }) => stderr)).toEqual(ended.map(() => ''));
    expect(ended.map(({ stdout }) => JSON.parse(stdout))).toMatchObject(ended.map((_, rank) => found(rank, size)));
  });

  it('says in every process what one was given otherwise', async () => {
    const ended = await together(program, 3, plan({ settings: 'other' }));
    for (const { status, stderr } of ended) {
      expect(status).toBe(1);
      expect(stderr).toMatch(/^GROUP_FAILED: rank 1 \(.+\) has another settings than rank 0: other there, same here\./);
    }
  });

  it('names the process that is too slow', async () => {
    const ended = await together(program, 3, plan({ sleep: 12_000, options: { timeout: 6 } }));
    for (const { status, stderr } of ended) {
      expect(status).toBe(1);
      expect(stderr).toMatch(/^GROUP_FAILED: rank 1 \(.+\) of 3 processes is too slow: the others waited 6 s for it\./);
    }
  });

  it('names those who do not come', async () => {
    const [first] = await environments(3);
    const { status, stderr } = await alone(first as NodeJS.ProcessEnv, { options: { timeout: 1 } });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^GROUP_FAILED: ranks 1, 2 did not join within 1 s: 1 of 3 processes came\./);
  });

  it('tells a late one that it is: who has come goes on, or has given up', async () => {
    const met = join(program.folder, 'met');
    const places = (await environments(2)) as [NodeJS.ProcessEnv, NodeJS.ProcessEnv];
    const complete = places.map((place) => alone(place, { met, sleep: 8000 }));
    await expect.poll(() => existsSync(met), { timeout: 60_000, interval: 50 }).toBe(true);
    const late = await alone(places[1], { options: { timeout: 5 } });
    expect(late).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^GROUP_FAILED: two processes say that they are rank 1 of 2;.*\n$/),
    });
    const ended = await Promise.all(complete);
    expect(ended.map(({ stderr }) => stderr)).toEqual(['', '']);
    expect(ended.map(({ stdout }) => JSON.parse(stdout))).toMatchObject([found(0, 2), found(1, 2)]);
    const after = await alone(places[1], { options: { timeout: 1 } });
    expect(after).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^GROUP_FAILED: rank 1 found nobody at .*\n$/),
    });
  });

  it('says that nobody is where rank 0 should be', async () => {
    const [, second] = await environments(2);
    const { stderr } = await alone(second as NodeJS.ProcessEnv, { options: { timeout: 1 } });
    expect(stderr).toMatch(
      /^GROUP_FAILED: rank 1 found nobody at 127\.0\.0\.1:\d+ within 1 s, where rank 0 should be;/,
    );
  });

  it('says that the port is taken', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, () => done()));
    const { port } = server.address() as { port: number };
    const [first] = await environments(2);
    const { status, stderr } = await alone({ ...first, MASTER_PORT: String(port) });
    server.close();
    expect(status).toBe(1);
    expect(stderr).toBe(
      `GROUP_FAILED: MASTER_PORT=${port} is in use by another program on this machine; choose a free port for the group, or end that program.\n`,
    );
  });

  it.skipIf(groupBackends().includes('nccl'))(
    'says what is missing where the addon was built without a backend',
    async () => {
      const [first] = await environments(2);
      const { status, stderr } = await alone(first as NodeJS.ProcessEnv, { options: { backend: 'nccl' } });
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^NO_PROCESS_GROUPS: groups of processes need nccl's headers\. Point LIBTORCH at a CUDA build/,
      );
    },
  );

  it.skipIf(!hasPyTorch)('has processes of PyTorch in it, whoever keeps the store', async () => {
    for (const ours of [[0, 2], [1]]) {
      const places = await environments(3);
      const ended = await Promise.all(
        places.map((place, rank) =>
          ours.includes(rank)
            ? alone(place, { times: 20, withPyTorch: true })
            : start(python, [pytorchProgram, '20'], place).ended,
        ),
      );
      expect(ended.map(({ status, stderr }) => (status === 0 ? '' : stderr))).toEqual(['', '', '']);
      expect(ended.map(({ stdout }) => JSON.parse(stdout))).toMatchObject(ended.map((_, rank) => found(rank, 3)));
    }
  });

  it.skipIf(!hasPyTorch)('is started by torchrun', async () => {
    // Redirections of a rank that is not there: by default Debian's torchrun 1.13 fails under Python 3.11.
    const quiet = ['-r', '9:1', '-t', '9:1'];
    const launch = ['--no_python', '--nproc_per_node', '2', '--master_port', String(await freePort())];
    const words = ['-m', 'torch.distributed.run', ...quiet, ...launch, process.execPath, program.file, ...plan()];
    const { status, stdout, stderr } = await start(python, words, {}).ended;
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { rank: number });
    expect(lines.sort((a, b) => a.rank - b.rank)).toMatchObject([found(0, 2), found(1, 2)]);
  });
});
