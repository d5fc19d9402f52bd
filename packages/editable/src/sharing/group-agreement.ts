/** What processes of a group settle among them: that they are alike, and that they end together. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agree, type ProcessGroup, TorchError, versions } from '@editable/torch';

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
