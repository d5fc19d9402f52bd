/** Finds libtorch: the LIBTORCH folder, else the system's, else a Python's installed torch if LIBTORCH_USE_PYTORCH=1. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * @typedef {object} Libtorch
 * @property {'LIBTORCH' | 'system' | 'python'} source
 * @property {string} version as libtorch tells it, such as 1.13.0 or 2.5.1+cu124
 * @property {string} root
 * @property {string[]} includeDirs
 * @property {string[]} libDirs
 * @property {string[]} libraries names for the linker's -l
 * @property {boolean} cxx11Abi
 * @property {boolean} cuda
 * @property {boolean} gloo groups of processes on processors: c10d's headers and Gloo's are there (Debian: libgloo-dev)
 * @property {boolean} nccl groups of processes on GPUs: c10d's headers and NCCL's are there
 */

/** True when the environment names its own libtorch, so that the system's is not wanted. */
export const libtorchIsGiven = (env = process.env) => Boolean(env.LIBTORCH) || env.LIBTORCH_USE_PYTORCH === '1';

/**
 * The first libtorch found; throws one sentence saying what to install or set when there is none.
 * @returns {Libtorch}
 */
export function findLibtorch(env = process.env) {
  if (env.LIBTORCH) return inFolder('LIBTORCH', env.LIBTORCH, `LIBTORCH=${env.LIBTORCH}`);
  const system = onSystem('system');
  if (system) return system;
  if (env.LIBTORCH_USE_PYTORCH === '1') return inPython(env.PYTHON || 'python3');
  throw new Error(
    'libtorch was not found. Install it with "apt-get install libtorch-dev libopenblas0", or set LIBTORCH to the folder of ' +
      'a libtorch or PyTorch installation, or set LIBTORCH_USE_PYTORCH=1 to use the torch package of python3.',
  );
}

/** @returns {Libtorch} */
function inFolder(source, root, name) {
  const include = join(root, 'include');
  const lib = join(root, 'lib');
  if (!existsSync(join(include, 'torch')) || !existsSync(join(lib, 'libtorch.so'))) {
    throw new Error(
      `${name}: expected a libtorch or PyTorch folder with include/torch/ and lib/libtorch.so, found none there. ` +
        'Set LIBTORCH to such a folder (for Python: the folder of torch/__init__.py).',
    );
  }
  return describe(source, root, include, lib);
}

/** @returns {Libtorch | undefined} */
function onSystem(source) {
  for (const prefix of ['/usr/local', '/usr']) {
    const include = join(prefix, 'include');
    if (!existsSync(join(include, 'torch/csrc/api'))) continue;
    const lib = libraryFolders(prefix).find((folder) => existsSync(join(folder, 'libtorch.so')));
    if (lib) return describe(source, prefix, include, lib);
  }
  return undefined;
}

function libraryFolders(prefix) {
  const lib = join(prefix, 'lib');
  const multiarch = existsSync(lib) ? readdirSync(lib).filter((name) => name.includes('-linux-')) : [];
  return [...multiarch.map((name) => join(lib, name)), join(prefix, 'lib64'), lib];
}

/** @returns {Libtorch} */
function inPython(python) {
  // Looked up, not imported: importing torch takes seconds.
  const ask = 'import importlib.util as u; s = u.find_spec("torch"); print(s.origin if s else "")';
  const { stdout, error } = spawnSync(python, ['-c', ask], { encoding: 'utf8' });
  const origin = stdout?.trim();
  if (error || !origin) {
    throw new Error(
      `LIBTORCH_USE_PYTORCH=1: ${error ? `cannot run ${python}` : `${python} has no torch package`}. ` +
        'Install PyTorch for it, or set PYTHON to a Python that has it.',
    );
  }
  return inFolder('python', dirname(origin), `torch of ${python} (${dirname(origin)})`);
}

/** @returns {Libtorch} */
function describe(source, root, include, lib) {
  const cuda = existsSync(join(lib, 'libtorch_cuda.so'));
  const api = join(include, 'torch/csrc/api/include');
  return {
    source,
    version: versionOf(root, api, include),
    root,
    includeDirs: [include, api],
    // Debian's python3-torch has a lib/ of links to the system's libraries, and not to all of them.
    libDirs: [...new Set([lib, dirname(realpathSync(join(lib, 'libtorch.so')))])],
    libraries: ['torch', 'torch_cpu', 'c10', ...(cuda ? ['torch_cuda', 'c10_cuda'] : [])],
    cxx11Abi: usesCxx11Abi(join(lib, 'libc10.so')),
    cuda,
    gloo: hasGroups(include, 'Gloo', 'gloo/algorithm.h'),
    nccl: cuda && hasGroups(include, 'NCCL', 'nccl.h'),
  };
}

/** Whether groups on a backend can be compiled: c10d's own header, and the backend's, which libtorch may come without. */
function hasGroups(include, backend, header) {
  const own = join(include, `torch/csrc/distributed/c10d/ProcessGroup${backend}.hpp`);
  return (
    existsSync(own) && [include, '/usr/local/include', '/usr/include'].some((dir) => existsSync(join(dir, header)))
  );
}

function versionOf(root, api, include) {
  const read = (file, pattern) => (existsSync(file) ? pattern.exec(readFileSync(file, 'utf8'))?.[1] : undefined);
  const header = /#define TORCH_VERSION\s*\\?\s*"([^"]+)"/;
  return (
    read(join(root, 'build-version'), /^(\S+)/) ??
    read(join(root, 'version.py'), /^__version__ = '([^']+)'/m) ??
    read(join(api, 'torch/version.h'), header) ??
    read(join(include, 'torch/headeronly/version.h'), header) ??
    'unknown'
  );
}

/** PyTorch's wheels up to 2.5 use the old std::string; it shows in the mangled name of a function that every version has. */
function usesCxx11Abi(libc10) {
  return !readFileSync(libc10).includes('_ZN3c106detail14torchCheckFailEPKcS2_jRKSs');
}
