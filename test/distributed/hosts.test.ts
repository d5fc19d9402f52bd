/** Two hosts, as network namespaces with a cable between them: how they train together, bytes that cross it, and what happens when it is cut. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { groupBackends } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distance, type Outcome } from './outcomes.js';
import { compileProgram, type Ended, type Program, type Started, start } from './processes.js';

/** Names of namespaces and cables are the machine's: another run of the tests has others. */
const own = `ed${process.pid % 100_000}`;
const hosts = [0, 1].map((i) => ({ name: `${own}h${i}`, cable: `${own}v${i}`, address: `10.213.7.${i + 1}` }));

const ip = (...words: readonly string[]): boolean => spawnSync('ip', words).status === 0;

/** Needs root, iproute2 and a kernel that lets one have namespaces; a probe leaves nothing behind. */
const hasNamespaces =
  process.getuid?.() === 0 &&
  ip('netns', 'add', own) &&
  ip('link', 'add', `${own}a`, 'type', 'veth', 'peer', 'name', `${own}b`) &&
  ip('link', 'del', `${own}a`);
ip('netns', 'del', own);

let meet: Program;
let train: Program;

function connectHosts(): void {
  const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
  for (const { name } of hosts) ip('netns', 'add', name);
  ip('link', 'add', a.cable, 'type', 'veth', 'peer', 'name', b.cable);
  for (const { name, cable, address } of hosts) {
    ip('link', 'set', cable, 'netns', name);
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', cable);
    for (const device of ['lo', cable]) ip('-n', name, 'link', 'set', device, 'up');
  }
}

/** Bytes that a host has sent over the cable. */
function sent(host: number): number {
  const { name, cable } = hosts[host] as (typeof hosts)[0];
  const { stdout } = spawnSync('ip', ['-n', name, '-s', '-j', 'link', 'show', cable], { encoding: 'utf8' });
  return (JSON.parse(stdout) as [{ stats64: { tx: { bytes: number } } }])[0].stats64.tx.bytes;
}

function startOnHosts(program: Program, perHost: number, plan: object, environment: NodeJS.ProcessEnv = {}): Started[] {
  const worldSize = String(2 * perHost);
  return hosts.flatMap(({ name }, host) =>
    Array.from({ length: perHost }, (_, i) =>
      start('ip', ['netns', 'exec', name, process.execPath, program.file, JSON.stringify(plan)], {
        ...{ RANK: String(host * perHost + i), WORLD_SIZE: worldSize, MASTER_ADDR: '10.213.7.1', MASTER_PORT: '29500' },
        ...environment,
      }),
    ),
  );
}

const endingsOf = (started: readonly Started[]): Promise<Ended[]> => Promise.all(started.map(({ ended }) => ended));

describe.skipIf(!hasNamespaces || !groupBackends().includes('gloo'))('two hosts', () => {
  beforeAll(async () => {
    connectHosts();
    [meet, train] = await Promise.all([compileProgram('meet'), compileProgram('train')]);
  });
  afterAll(() => {
    for (const { name } of hosts) ip('netns', 'del', name);
    for (const program of [meet, train]) program?.remove();
  });

  it.each([1, 2])('send what a ring of %i processes each sends, within a tenth', async (perHost) => {
    const [times, bytes] = [12, 2 ** 22];
    const before = hosts.map((_, host) => sent(host));
    const ended = await endingsOf(startOnHosts(meet, perHost, { times, bytes }));
    expect(ended.map(({ stderr }) => stderr)).toEqual(ended.map(() => ''));
    const size = 2 * perHost;
    // Each process sends to the next one: one of a host's processes sends over the cable. The greatest is one all-reduce more.
    const ring = ((times + 1) * bytes * 2 * (size - 1)) / size;
    for (const [host] of hosts.entries()) {
      const crossed = sent(host) - (before[host] as number);
      expect(crossed / ring).toBeGreaterThan(0.9);
      expect(crossed / ring).toBeLessThan(1.1);
    }
    const counted = ended.map(({ stdout }) => (JSON.parse(stdout) as { bytesSent: number }).bytesSent);
    expect(counted).toEqual(ended.map(() => ring));
  });

  it.each([1, 2])('end a training at the parameters of one process, %i on each (float64)', async (perHost) => {
    const editor = { name: 'gd', hyperparameters: { learningRate: 0.1 }, layers: '3', maxSteps: 3 };
    const editable = { objective: 'editable', editsPerStep: 4, editor };
    const plans = (by: string): object[] =>
      [
        { network: 'perceptron', settings: { objective: 'plain' } },
        { network: 'perceptron', settings: editable },
        { network: 'transformer', settings: { objective: 'plain' } },
      ].map((plan, i) => {
        const folder = join(train.folder, `${by}-${i}`);
        mkdirSync(folder);
        return { ...plan, steps: 8, folder };
      });
    const alone = start(process.execPath, [train.file, JSON.stringify(plans(`alone-${perHost}`))], {});
    const ended = await endingsOf([alone, ...startOnHosts(train, perHost, plans(`hosts-${perHost}`))]);
    expect(ended.map(({ stderr }) => stderr)).toEqual(ended.map(() => ''));
    const [one, ...ranks] = ended.map(({ stdout }) => JSON.parse(stdout) as Outcome[]) as [Outcome[], ...Outcome[][]];
    for (const rank of ranks) {
      expect(rank.map(({ values }) => values)).toEqual(ranks[0]?.map(({ values }) => values)); // to the bit
      for (const [i, outcome] of rank.entries()) expect(distance(one[i] as Outcome, outcome)).toBeLessThan(1e-10);
    }
  });

  it('end on both sides with a sentence when the cable between them is cut', async () => {
    const plan = { times: 1_000_000, bytes: 2 ** 20, options: { timeout: 8, lostAfter: 3 } };
    const before = sent(0);
    const started = startOnHosts(meet, 1, plan);
    await expect.poll(() => sent(0) - before, { timeout: 60_000, interval: 50 }).toBeGreaterThan(2 ** 24);
    const cut = performance.now();
    const { name, cable } = hosts[1] as (typeof hosts)[0];
    ip('-n', name, 'link', 'set', cable, 'down');
    const ended = await endingsOf(started);
    ip('-n', name, 'link', 'set', cable, 'up');
    expect(performance.now() - cut).toBeLessThan(20_000);
    expect(ended.map(({ status }) => status)).toEqual([1, 1]);
    expect(ended[0]?.stderr).toMatch(/^GROUP_FAILED: rank 1 \(.+\) of 2 processes is lost/);
    expect(ended[1]?.stderr).toMatch(/^GROUP_FAILED: rank 0 \(.+\) is lost, and with it the store/);
  });
});
