/** A disk that is full: what cannot be kept is refused with a sentence, predictions go on, and the store is whole. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from './client.js';
import { buildCommand, type StartedServer, servedRun, startedIn } from './served-run.js';

/** A disk of 24 MiB that only the server has. */
const apart = ['unshare', '--mount', '--map-root-user'];
const mayMount = spawnSync(apart[0]!, [...apart.slice(1), 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
if (!mayMount) console.warn('serve-full-disk.test: skipped, as this machine lets nobody mount a disk of their own.');

const folder = mkdtempSync(join(tmpdir(), 'editable-full-'));
const disk = join(folder, 'disk');

describe.skipIf(!mayMount)('editable serve on a full disk', () => {
  let server: StartedServer;
  let client: Client;

  beforeAll(async () => {
    buildCommand();
    await servedRun(folder);
    mkdirSync(disk);
    const script = `mount -t tmpfs -o size=24m tmpfs "$0" && cp -a "$1" "$0/store" && shift && exec "$@"`;
    const before = [...apart, 'sh', '-c', script, disk, join(folder, 'run', 'store')];
    server = await startedIn(before, folder, '--store', join(disk, 'store'));
    client = new Client(server.address);
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const proposal = (index: number) => {
    const wishes = [{ picture: { index }, target: (index + 1) % 10 }];
    return { body: { wishes, why: 'wrong', by: 'ann' } };
  };
  const refused = async (response: Promise<Response>): Promise<unknown> => {
    const { status } = await response;
    return [status, await (await response).json()];
  };
  const full = [
    507,
    {
      code: 'NO_SPACE',
      error: `${join(disk, 'store')}: the disk is full, so this was not kept; make room and do it again.`,
    },
  ];

  it('refuses what it cannot keep, answers all else, and goes on once there is room', async () => {
    const [repair] = await client.call('propose', proposal(0));
    const agreed = { body: { repairs: [repair!.id], why: 'seen', by: 'bob' } };
    await client.call('approve', agreed);
    const making = { body: { by: 'bob', testImages: 100 } };
    const { id: release } = await client.done(await client.call('makeRelease', making), 'release');
    const rollout = { mode: 'shadow', release, alarm: { differences: null }, by: 'bob' } as const;
    await client.call('startRollout', { body: rollout });
    const room = fill(join(`/proc/${server.process.pid}/root`, disk, 'filler'));
    expect(await refused(client.send('propose', proposal(1)))).toEqual(full);
    expect(
      await refused(client.send('activate', { params: { id: release }, body: { by: 'bob', override: 'x' } })),
    ).toEqual(full);
    const report = { body: { picture: { index: 0 }, note: 'x'.repeat(900), by: 'carl' } };
    expect(await refused(client.send('sendFeedback', report))).toEqual(full);
    const failed = await client.end(await client.call('makeRelease', making));
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'NO_SPACE' } });
    // The shadow answers otherwise than the base, to what was sent in, too, and that cannot be kept either.
    const png = await (await client.send('testPicture', { params: { split: 'test', index: 0 } })).arrayBuffer();
    const headers = { 'content-type': 'image/png' };
    for (let asked = 0; asked < 3; asked++) await client.call('predict', { body: new Uint8Array(png), headers });
    await expect.poll(async () => (await client.call('rollout'))?.different).toBe(4);
    await expect.poll(() => server.log()).toContain('a candidate is counted and not kept');
    expect((await client.call('rollout'))?.failed).toBe(0);
    expect((await client.call('status')).served.release).toBeNull();
    rmSync(room);
    await client.call('propose', proposal(1));
    await client.call('activate', { params: { id: release }, body: { by: 'bob', override: 'a test' } });
    const verified = await client.done(await client.call('verify'), 'verify');
    expect(verified).toMatchObject({ ok: true, repairs: 2, problems: [] });
    expect(await server.stop()).toBe(0);
  });
});

/** Until nothing more fits. */
function fill(path: string): string {
  const file = openSync(path, 'w');
  try {
    for (let size = 2 ** 20; size >= 1; )
      try {
        writeSync(file, Buffer.alloc(size));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
        size = Math.floor(size / 2);
      }
  } finally {
    closeSync(file);
  }
  return path;
}
