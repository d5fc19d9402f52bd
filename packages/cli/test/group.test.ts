/** Commands that a launcher started in a way that cannot work: one sentence, before anything is opened or written. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { groupBackends } from '@editable/torch';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../src/main.js';

const commands = {
  train: ['train', '--out', 'nowhere'],
  'train on sentences': ['train', '--task', 'translation', '--out', 'nowhere'],
  evaluate: ['evaluate', 'nowhere'],
  tune: ['tune', 'nowhere'],
  curvature: ['curvature', 'nowhere'],
} as const;

let taken: Server;
let port: string;
beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((done) => taken.listen(0, () => done()));
  port = String((taken.address() as { port: number }).port);
});
afterAll(() => taken.close());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

async function told(words: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  expect(await main(words)).toBe(1);
  expect(existsSync('nowhere')).toBe(false);
  return lines.join('');
}

describe.skipIf(!groupBackends().includes('gloo')).each(Object.entries(commands))('editable %s', (_, words) => {
  it('names the variable that is missing', async () => {
    expect(await told(words, { RANK: '1', WORLD_SIZE: '2', MASTER_PORT: '29500' })).toMatch(
      /^editable: MASTER_ADDR is missing: [^\n]+\n$/,
    );
  });

  it('refuses a world of no process, and a rank outside it', async () => {
    expect(await told(words, { RANK: '0', WORLD_SIZE: '0' })).toBe(
      'editable: WORLD_SIZE: expected a whole number of at least 1, received "0".\n',
    );
    const place = { MASTER_ADDR: '127.0.0.1', MASTER_PORT: '29500' };
    expect(await told(words, { RANK: '2', WORLD_SIZE: '2', ...place })).toBe(
      'editable: RANK: expected a number below WORLD_SIZE=2, received 2.\n',
    );
  });

  it('says that the port is taken', async () => {
    const place = { RANK: '0', WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: port };
    expect(await told(words, place)).toMatch(
      new RegExp(`^editable: MASTER_PORT=${port} is in use by another program on this machine; [^\\n]+\\n$`),
    );
  });
});
