/**
 * Installs and builds what is missing, each step skipped when it is done already: Debian packages, npm packages, the
 * addon, the TypeScript build. With --dev also what the tests and benchmarks compare with. Progress goes to stderr.
 * Imports nothing from node_modules: it runs before they exist.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from '../packages/studio/page/build-page.mjs';
import { buildAddon } from '../packages/torch/scripts/build-addon.mjs';
import { findLibtorch, libtorchIsGiven } from '../packages/torch/scripts/libtorch.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (text) => console.error(`setup: ${text}`);

try {
  const forDevelopment = process.argv.includes('--dev');
  installDebianPackages(forDevelopment);
  checkBlas();
  installNpmPackages();
  await buildAddon({ log: say });
  buildTypeScript();
  buildPage({ log: say });
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}

function installDebianPackages(forDevelopment) {
  const wanted = ['dataset-fashion-mnist', 'fonts-dejavu-core']; // a font: the letters of charts as PNG
  if (forDevelopment) wanted.push('chromium'); // what the studio's tests drive
  if (!libtorchIsGiven()) {
    wanted.unshift('libtorch-dev', 'libopenblas0', 'libgloo-dev'); // Gloo's headers: groups of processes
    if (forDevelopment) wanted.push('python3-torch', 'python3-torchvision');
  }
  const missing = notInstalled(wanted);
  if (missing.length === 0) return;
  const reason = aptInstall(missing);
  if (!reason) return;
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  // Without the data set, Gloo's headers or PyTorch for Python much still works; without libtorch nothing does.
  if (missing.includes('libtorch-dev')) throw new Error(`${reason} Run this as root, then try again: ${command}`);
  say(`Going on without ${missing.join(' ')}: ${reason} To have them, run as root: ${command}`);
}

/** The Debian packages of the list that are not installed; none where there is no dpkg, as those systems differ. */
function notInstalled(packages) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const format = '${Package} ${db:Status-Status}\n';
  const query = spawnSync('dpkg-query', ['-W', '-f', format, ...packages], { encoding: 'utf8' });
  if (query.error) return [];
  const installed = new Set(query.stdout.split('\n'));
  return packages.filter((name) => !installed.has(`${name} installed`));
}

/** Installs and returns nothing, or returns one sentence saying why it could not. */
function aptInstall(packages) {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && spawnSync('sudo', ['-n', 'true']).status !== 0) {
    return `The Debian packages ${packages.join(' ')} are missing and only root can install them.`;
  }
  say(`Installing Debian packages: ${packages.join(' ')} (libtorch is some 260 MB; a minute or two) …`);
  const apt = (...args) => {
    const quiet = ['apt-get', '-y', '-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0', ...args];
    const [command, ...rest] = [...(isRoot ? [] : ['sudo', '-n']), 'env', 'DEBIAN_FRONTEND=noninteractive', ...quiet];
    return spawnSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });
  };
  const install = () => apt('install', '--no-install-recommends', ...packages);
  // A machine's package lists may be absent or out of date; the first try tells.
  let result = install();
  if (result.status !== 0) {
    apt('update');
    result = install();
  }
  if (result.status === 0) return undefined;
  process.stderr.write(result.stderr ?? '');
  return `apt-get could not install ${packages.join(' ')} (its message is above).`;
}

/** Debian links libtorch to whichever BLAS is chosen; the generic one makes matrix products 30 times slower. */
function checkBlas() {
  const { source, libDirs } = findLibtorch();
  const blas = join(libDirs[0], 'libblas.so.3');
  if (source !== 'system' || !existsSync(blas) || !realpathSync(blas).includes('/blas/')) return;
  say(`libtorch will be slow: ${blas} is the generic BLAS. Choose OpenBLAS with "update-alternatives --all".`);
}

function installNpmPackages() {
  if (npmPackagesMatchLock()) return;
  say('Installing npm packages …');
  // Not "npm ci": it wants the lock file to list every platform's binaries, which a registry mirror may not all have.
  must('npm install', 'npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** Compares what npm wrote into node_modules with the lock file; packages for other platforms may be absent. */
function npmPackagesMatchLock() {
  const installedFile = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { packages: installed } = JSON.parse(readFileSync(installedFile, 'utf8'));
  return Object.entries(locked).every(
    ([path, { version, optional }]) =>
      path === '' || (path in installed ? installed[path].version === version : optional),
  );
}

function buildTypeScript() {
  const packages = ['torch', 'text', 'editable', 'workspace', 'charts', 'studio', 'cli'];
  const projects = [...packages.map((name) => `packages/${name}`), 'experiments'];
  const stampFile = join(root, 'node_modules/.typescript-build');
  const state = projects.map(sourceState).join('\n');
  const isBuilt = projects.every((project) => existsSync(join(root, project, 'dist')));
  if (isBuilt && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === state) return;
  say('Compiling TypeScript …');
  must('tsc', join(root, 'node_modules/.bin/tsc'), ['-b', ...projects]);
  writeFileSync(stampFile, state);
}

/** Changes when a source or the configuration of a project does; starting tsc to ask it takes half a second. */
function sourceState(project) {
  const hash = createHash('sha256');
  const names = readdirSync(join(root, project), { recursive: true });
  const sources = names.filter((name) => /^(?!dist\/|node_modules\/).*(\.ts|package\.json|tsconfig\.json)$/.test(name));
  const files = ['tsconfig.base.json', 'package-lock.json', ...sources.sort().map((name) => join(project, name))];
  for (const file of files) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function must(what, command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
  if (result.error) throw new Error(`Cannot run ${what}: ${result.error.message}.`);
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout}${result.stderr}`);
  throw new Error(`${what} failed (its message is above).`);
}
