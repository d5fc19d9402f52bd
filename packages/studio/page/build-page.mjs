/**
 * Builds the page into dist where a source has changed since: Vite, once, so that a server has files to send. Imports nothing from
 * node_modules, as scripts/setup.mjs imports it before they exist.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const page = dirname(fileURLToPath(import.meta.url));
const root = join(page, '../../..');

/** What the page is built of, beside the packages that the lock file names. */
const sources = ['packages/studio/page', 'packages/studio/src/api', 'packages/charts/src/specifications'];

/** @throws where Vite fails, with what it says */
export function buildPage({ log = () => {} } = {}) {
  const stamp = join(page, 'dist/.sources');
  const state = sourceState();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  log('Building the studio …');
  const { status, error, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/vite'), ['build'], {
    cwd: page,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (error) throw new Error(`Cannot run vite: ${error.message}.`);
  if (status !== 0) throw new Error(`vite build failed: ${stdout}${stderr}`);
  writeFileSync(stamp, state);
}

function sourceState() {
  const hash = createHash('sha256');
  const files = sources.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => !/^(dist|node_modules|test)\b/.test(name))
      .map((name) => join(folder, name)),
  );
  for (const file of ['package-lock.json', ...files.sort()]) {
    const { size, mtimeMs, isFile } = fileState(file);
    if (isFile) hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function fileState(file) {
  const state = statSync(join(root, file));
  return { size: state.size, mtimeMs: state.mtimeMs, isFile: state.isFile() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildPage({ log: (text) => console.error(text) });
