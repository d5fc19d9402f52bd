/** Compiles native/*.cc against the libtorch found into build/torch.node; does nothing when that is up to date. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findLibtorch } from './libtorch.mjs';

const packageDir = dirname(dirname(fileURLToPath(import.meta.url)));
const nativeDir = join(packageDir, 'native');
const buildDir = join(packageDir, 'build');
const objectDir = join(buildDir, 'objects');
const addonFile = join(buildDir, 'torch.node');
const recordFile = join(buildDir, 'torch.json');

/** Builds the addon if its sources, its flags or libtorch changed; throws the compiler's whole output when that fails. */
export async function buildAddon({ log = console.error } = {}) {
  const libtorch = findLibtorch();
  const compiler = (process.env.CXX || 'g++').split(/\s+/);
  const flags = compilerFlags(libtorch);
  const headers = hashOf([...compiler, ...flags, libraryState(libtorch), ...contentsOf('.h')]);
  const hash = hashOf([headers, ...linkerFlags(libtorch), ...contentsOf('.cc')]);
  if (existsSync(addonFile) && builtHash() === hash) return;

  const started = Date.now();
  log(`Building the addon against libtorch ${libtorch.version} (${libtorch.root}${libtorch.cuda ? ', CUDA' : ''}) …`);
  mkdirSync(objectDir, { recursive: true });
  const objects = await compileAll(compiler, flags, headers);
  await link(compiler, objects, libtorch);
  const { source, version, root, cuda, cxx11Abi } = libtorch;
  writeBeside(recordFile, `${JSON.stringify({ version, source, root, cuda, cxx11Abi, hash }, null, 2)}\n`);
  removeOldObjects(objects);
  log(`Built ${addonFile} in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
}

function compilerFlags({ version, includeDirs, cxx11Abi, gloo, nccl }) {
  const require = createRequire(join(packageDir, 'package.json'));
  const nodeHeaders = ['node-addon-api', 'node-api-headers/include'].map((name) => headerDir(require, name));
  // gcc looks in /usr/include anyway, and naming it would put it before the C++ library's own headers.
  const systemDirs = [...nodeHeaders, ...includeDirs].filter((dir) => dir !== '/usr/include');
  const standard = atLeast(version, 2, 10) ? 'c++20' : 'c++17';
  return [
    ...['-O2', `-std=${standard}`, '-fPIC', '-fvisibility=hidden', '-pthread', '-Wall', '-Wextra'],
    // What cannot be thrown, as its thread is being ended, is dropped: else it would end the process.
    ...[
      '-DNAPI_VERSION=8',
      '-DNAPI_CPP_EXCEPTIONS',
      '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      `-D_GLIBCXX_USE_CXX11_ABI=${cxx11Abi ? 1 : 0}`,
    ],
    ...(gloo ? ['-DEDITABLE_WITH_GLOO'] : []),
    ...(nccl ? ['-DEDITABLE_WITH_NCCL'] : []),
    ...systemDirs.flatMap((dir) => ['-isystem', dir]),
  ];
}

function headerDir(require, name) {
  const [packageName, ...folder] = name.split('/');
  return join(dirname(require.resolve(`${packageName}/package.json`)), ...folder);
}

function linkerFlags({ libDirs, libraries }) {
  return [
    ...libDirs.flatMap((dir) => [`-L${dir}`, `-Wl,-rpath,${dir}`]),
    // Nothing refers to libtorch_cuda by name: its operators register when it is loaded, so it must not be dropped.
    '-Wl,--no-as-needed',
    ...libraries.map((name) => `-l${name}`),
  ];
}

function atLeast(version, major, minor) {
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}

/** Compiles on every core at once; a source compiled before with the same headers and flags is taken as it is. */
async function compileAll(compiler, flags, headers) {
  const jobs = sources('.cc').map((source) => {
    const key = hashOf([headers, readFileSync(source, 'utf8')]);
    return { source, object: join(objectDir, `${basename(source, '.cc')}-${key}.o`) };
  });
  const queue = jobs.filter(({ object }) => !existsSync(object));
  const failures = [];
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const part = `${job.object}.${process.pid}`;
      const { failed, output } = await run(compiler, [...flags, '-c', job.source, '-o', part]);
      if (failed) failures.push(output);
      else {
        process.stderr.write(output);
        renameSync(part, job.object);
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (failures.length > 0) throw new Error(`The addon does not compile:\n${failures.join('\n')}`);
  return jobs.map(({ object }) => object);
}

async function link(compiler, objects, libtorch) {
  const part = `${addonFile}.${process.pid}.node`;
  const { failed, output } = await run(compiler, [
    '-shared',
    '-pthread',
    '-o',
    part,
    ...objects,
    ...linkerFlags(libtorch),
  ]);
  if (failed) throw new Error(`The addon does not link:\n${output}`);
  // Loaded once here, so that a missing symbol is found now and an addon that works stays in place.
  const load = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(part)})`], { encoding: 'utf8' });
  if (load.status !== 0) {
    rmSync(part, { force: true });
    throw new Error(`The addon was built but does not load:\n${load.stderr}`);
  }
  renameSync(part, addonFile);
}

function run([command, ...first], args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', () => {
      reject(new Error(`Cannot run the C++ compiler "${command}". Install it with "apt-get install g++", or set CXX.`));
    });
    child.on('close', (status) => resolve({ failed: status !== 0, output: Buffer.concat(chunks).toString() }));
  });
}

function sources(extension) {
  const names = readdirSync(nativeDir).filter((name) => name.endsWith(extension));
  return names.sort().map((name) => join(nativeDir, name));
}

const contentsOf = (extension) => sources(extension).flatMap((file) => [basename(file), readFileSync(file, 'utf8')]);

/** Changes when another build of the same libtorch version is put in its place. */
function libraryState({ version, libDirs }) {
  const { size, mtimeMs } = statSync(join(libDirs[libDirs.length - 1], 'libtorch_cpu.so'));
  return `${version} ${size} ${mtimeMs}`;
}

function builtHash() {
  try {
    return JSON.parse(readFileSync(recordFile, 'utf8')).hash;
  } catch {
    return undefined;
  }
}

function removeOldObjects(current) {
  const anHourAgo = Date.now() - 3_600_000; // younger ones may belong to another build that is running
  for (const name of readdirSync(objectDir)) {
    const file = join(objectDir, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat && !current.includes(file) && stat.mtimeMs < anHourAgo) rmSync(file, { force: true });
  }
}

function writeBeside(file, text) {
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 16);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  buildAddon().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
