/** PyTorch's side: reference/server.py in a process of its own, asked one thing at a time. */
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./reference/server.py', import.meta.url));

/** The settings that the addon gives itself (packages/torch: src/native.ts, native/allocator.cc), as an environment. */
export const tunedEnvironment = {
  OMP_NUM_THREADS: String(availableParallelism()),
  OMP_WAIT_POLICY: 'passive',
  OPENBLAS_THREAD_TIMEOUT: '4',
  MALLOC_MMAP_THRESHOLD_: String(2 ** 30),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 30),
  MALLOC_TOP_PAD_: String(64 * 2 ** 20),
};

/** Starts a server in PyTorch's default settings, or with `environment` on top of them. */
export function startPytorch(environment = {}) {
  const child = spawn(pythonWithTorch(), [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...defaultEnvironment(), ...environment },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the PyTorch process ended; its message is above.');
      const answer = JSON.parse(value);
      if (answer.error) throw new Error(`PyTorch: ${answer.error}`);
      return answer;
    },
    stop: () => child.stdin.end(),
  };
}

/** This process's environment without what would change how PyTorch runs. */
const defaultEnvironment = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OMP|GOMP|KMP|MKL|OPENBLAS|MALLOC)_/.test(name)),
  );

let found;

/** A Python that has torch: the one in PYTHON, else the first on the path, else Debian's. */
export function pythonWithTorch() {
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : ['python3', '/usr/bin/python3'];
  found ??= candidates.find((each) => spawnSync(each, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0);
  if (found !== undefined) return found;
  throw new Error(
    `no PyTorch to compare with: ${candidates.join(' and ')} cannot import torch. ` +
      'Install it (Debian: apt-get install python3-torch) or name a Python that has it in PYTHON.',
  );
}
