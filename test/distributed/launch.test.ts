/** `editable launch`: the command line in several processes of one machine. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { groupBackends } from '@editable/torch';
import { loadDataset } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '../resume/killing.js';
import { type Started, start } from './processes.js';

const hasData = await loadDataset('fashion-mnist').then(
  () => true,
  () => false,
);
const command = fileURLToPath(new URL('../../packages/cli/bin/editable.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'editable-launch-'));

const editable = (...words: readonly string[]): Started => start(process.execPath, [command, ...words], {});
const launch = (...words: readonly string[]): Started => editable('launch', '--processes', '2', '--', ...words);
const training = (out: string, ...more: readonly string[]): string[] => [
  ...['train', '--width', '2', '--train-images', '256', '--batch-size', '32', '--epochs', '1', '--max-steps', '2'],
  ...['--out', join(folder, out), ...more],
];

describe.skipIf(!hasData || !groupBackends().includes('gloo'))('editable launch', () => {
  beforeAll(() => build());
  afterAll(() => rmSync(folder, { recursive: true }));

  it('trains with an edit a process, and shares an evaluation to the records of one process', async () => {
    const { status, stdout, stderr } = await launch(...training('run')).ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(2); // an epoch, and the end: rank 0 alone speaks
    const run = join(folder, 'run');
    expect(JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')).training.editsPerStep).toBe(2);

    const evaluation = ['evaluate', run, '--edits', '5', '--test-images', '200', '--editor', 'gd'];
    const records = (): Record<string, string> => {
      const all = join(run, 'evaluations');
      const found = readdirSync(all).filter((name) => name.endsWith('.jsonl') && !name.includes('-shard-'));
      const read = Object.fromEntries(found.map((name) => [name, readFileSync(join(all, name), 'utf8')]));
      rmSync(all, { recursive: true });
      return read;
    };
    expect((await editable(...evaluation).ended).status).toBe(0);
    const alone = records();
    expect(Object.values(alone)[0]?.trim().split('\n')).toHaveLength(6);
    expect(await launch(...evaluation).ended).toMatchObject({ status: 0, stderr: '' });
    expect(records()).toEqual(alone);
    const shards = [0, 1, 2].map((i) => editable(...evaluation, '--shard', `${i}/3`).ended);
    expect((await Promise.all(shards)).map(({ status: each }) => each)).toEqual([0, 0, 0]);
    expect((await editable('merge', run).ended).status).toBe(0);
    expect(records()).toEqual(alone);
  });

  it('ends all and says which process was killed; the same command continues', async () => {
    const words = training('killed', '--objective', 'plain', '--epochs', '10', '--checkpoint-every', '2');
    const started = launch(...words);
    const checkpoint = join(folder, 'killed/checkpoint.safetensors');
    await expect.poll(() => existsSync(checkpoint), { timeout: 60_000, interval: 20 }).toBe(true);
    const [, victim] = childrenOf(started.child.pid as number);
    process.kill(victim as number, 'SIGKILL');
    const { status, stderr } = await started.ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/editable: rank 1 \(.+\) of 2 processes is lost/);
    expect(stderr).toContain(
      `editable: rank 1 (process ${victim}) was ended by SIGKILL; the same command continues. The other process has ended, too.`,
    );
    const continued = launch(...words);
    expect((await continued.ended).stderr).toMatch(/^Continuing the training in .+ at step \d+ of 80\.\n$/);
  });

  it('says what is wrong once for each process, and hangs nowhere', async () => {
    const { status, stderr } = await launch(...training('odd', '--batch-size', '33')).ended;
    expect(status).toBe(1);
    expect(stderr).toContain('batchSize: expected a multiple of the edits of a step, which share it, received 33.');
  });
});

/** Process numbers, in the order of their start. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
