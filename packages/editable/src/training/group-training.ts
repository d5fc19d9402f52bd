/** What several processes that train together settle among them: where they begin, that they are alike, and how they end. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  agree,
  broadcastInto,
  encodeSafetensors,
  exchange,
  fromHost,
  type ProcessGroup,
  parseSafetensors,
  scope,
  TorchError,
  type Tree,
  tensor,
  versions,
  zeros,
} from '@editable/torch';
import type { Trainer } from './trainer.js';

/**
 * Rank 0 reads the folder's checkpoint and hands it to the others, which need not see the folder. How many steps are done.
 *
 * @param load of rank 0: reads the checkpoint into the trainer
 */
export function continueTogether<Input extends Tree, State extends Tree>(
  group: ProcessGroup,
  trainer: Trainer<Input, State>,
  load: () => number,
): number {
  const done = group.rank === 0 ? load() : 0;
  const steps = Number(exchange(group, String(done))[0]);
  if (steps === 0) return 0;
  scope(() => {
    const own = group.rank === 0 ? stateBytes(trainer) : undefined;
    const length = Number(exchange(group, String(own?.length ?? 0))[0]);
    const bytes = own === undefined ? zeros([length], { dtype: 'uint8' }) : tensor(own);
    broadcastInto(group, [bytes]);
    if (own !== undefined) return;
    const { tensors } = parseSafetensors(bytes.data() as Uint8Array, "rank 0's checkpoint");
    trainer.load(new Map([...tensors].map(([name, host]) => [name, fromHost(host)])));
  });
  return steps;
}

const stateBytes = <Input extends Tree, State extends Tree>(trainer: Trainer<Input, State>): Uint8Array =>
  encodeSafetensors(new Map([...trainer.state()].map(([name, value]) => [name, value.toHost()])));

/** Where the body throws, the other processes are told why, and end by it. */
export async function failTogether<Result>(
  group: ProcessGroup | undefined,
  body: () => Promise<Result>,
): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    const isOfGroup = error instanceof TorchError && error.code === 'GROUP_FAILED';
    if (!isOfGroup) group?.fail(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/**
 * Compares what must be the same in all processes: the code, libtorch, and what `facts` names (hashes of data and settings).
 *
 * @throws TorchError GROUP_FAILED in every process, naming the rank that differs and in what
 */
export function agreeOn(group: ProcessGroup, facts: Readonly<Record<string, unknown>>): void {
  const own = Object.entries(facts).map(([name, value]) => [name, hashOf(JSON.stringify(value))] as const);
  agree(group, { ...Object.fromEntries(own), libtorch: versions().torch, code: codeHash() });
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** Of this package as it runs; of a program that it was built into, of that. */
function codeHash(): string {
  const file = fileURLToPath(import.meta.url);
  const folder = dirname(dirname(file));
  const isPackage = ['dist', 'src'].includes(basename(folder));
  const names = isPackage ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isCode).sort() : [];
  const hash = createHash('sha256');
  for (const path of isPackage ? names.map((name) => join(folder, name)) : [file]) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 12);
}

const isCode = (name: string): boolean => /\.[jt]s$/.test(name) && !/\.(d|test)\.ts$/.test(name);
