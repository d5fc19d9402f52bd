/** Programs of this folder in several processes at once, as a launcher starts them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
const addon =
  process.env.EDITABLE_TORCH_ADDON ?? fileURLToPath(new URL('../../packages/torch/build/torch.node', import.meta.url));

export interface Program {
  readonly file: string;
  readonly folder: string;
  remove(): void;
}

/** One JavaScript file of the sources as they are. */
export async function compileProgram(name: string): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'editable-group-'));
  symlinkSync(modules, join(folder, 'node_modules')); // for what is native and stays outside
  await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['source'] },
    ssr: { noExternal: true, external: ['sharp', '@photostructure/sqlite'], resolve: { conditions: ['source'] } },
    build: {
      ssr: fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url)),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'program.mjs' } },
    },
  });
  return { file: join(folder, 'program.mjs'), folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start of all to this one's end. */
  readonly milliseconds: number;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** What a launcher would set for each of `size` processes of this machine. */
export async function environments(size: number): Promise<NodeJS.ProcessEnv[]> {
  const port = await freePort();
  return Array.from({ length: size }, (_, rank) => ({
    RANK: String(rank),
    WORLD_SIZE: String(size),
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: String(port),
  }));
}

/** Begins one process; `words` are what it is started with, the program's file included where it is ours. */
export function start(command: string, words: readonly string[], environment: NodeJS.ProcessEnv): Started {
  const began = performance.now();
  const child = spawn(command, words, {
    env: { ...process.env, EDITABLE_TORCH_ADDON: addon, OMP_NUM_THREADS: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return chunks;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const [stdout, stderr] = texts.map((chunks) => Buffer.concat(chunks).toString()) as [string, string];
      resolve({ status, signal, stdout, stderr, milliseconds: performance.now() - began });
    });
  });
  return { child, ended };
}

/** A program in `size` processes; what came of each, by rank. */
export async function together(
  program: Program,
  size: number,
  words: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<Ended[]> {
  const places = await environments(size);
  const started = places.map((place) =>
    start(process.execPath, [program.file, ...words], { ...place, ...environment }),
  );
  return Promise.all(started.map(({ ended }) => ended));
}

export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
