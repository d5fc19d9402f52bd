/** The repairs that a job is about: the model's mistakes, test images by number, or a file of pictures and targets. */
import { dirname, join } from 'node:path';
import { readFileOrExplain } from '@editable/torch';
import { type ImageDataset, mistakeTasks, type RepairTask, TestSet } from 'editable';
import { z } from 'zod';
import { invalid, WorkspaceError } from '../errors.js';
import type { OpenedModel } from '../runs/open-model.js';
import { stem } from '../runs/run-files.js';
import { labelNamed } from './label-names.js';
import { pictureIn } from './picture.js';

export interface ListedRepair extends RepairTask {
  /** "test image 12", or the picture's file. */
  readonly name: string;
  readonly file: string | null;
}

export interface RepairList {
  readonly repairs: readonly ListedRepair[];
  /** For a file's name: "mistakes-200-seed-0". */
  readonly name: string;
}

/** The model's mistakes drawn by a seed; test images, to their true labels; or a file of JSON lines. */
export type NamedRepairs =
  | { readonly mistakes: number; readonly seed: number }
  | { readonly indices: readonly number[] }
  | { readonly file: string };

/** @throws WorkspaceError naming the setting, or the line of a file, that cannot be used */
export async function listRepairs(opened: OpenedModel, named: NamedRepairs): Promise<RepairList> {
  if ('mistakes' in named) {
    const { mistakes, seed } = named;
    return { repairs: mistakesOf(opened, mistakes, seed), name: `mistakes-${mistakes}-seed-${seed}` };
  }
  if ('indices' in named) {
    const { indices } = named;
    const more = indices.length > 5 ? `-and-${indices.length - 5}-more` : '';
    return {
      repairs: indices.map((index) => testImage(index, opened.dataset)),
      name: `test-${indices.slice(0, 5).join('-')}${more}`,
    };
  }
  return { repairs: await repairsIn(named.file, opened.dataset), name: stem(named.file) };
}

function mistakesOf({ run, model, dataset, device }: OpenedModel, edits: number, seed: number): ListedRepair[] {
  const test = dataset.split('test');
  using all = new TestSet(test, { normalization: run.config.normalization, device, reducedPrecision: true });
  const tasks = mistakeTasks(all.predict(model), test.labels, { edits, seed });
  if (tasks.length < edits) {
    throw invalid(
      'mistakes',
      `expected at most ${tasks.length}, as the model makes no more on the ${test.length} test images, received "${edits}".`,
    );
  }
  return tasks.map(({ index, target }) => ({ index, target, name: `test image ${index}`, file: null }));
}

/** With its true label. `where`: the line of a file. */
function testImage(index: number, dataset: ImageDataset, where?: string): ListedRepair {
  const { length, labels } = dataset.split('test');
  if (index < length) return { index, target: labels[index] as number, name: `test image ${index}`, file: null };
  const problem = `expected a whole number from 0 to ${length - 1}, received "${index}".`;
  throw where === undefined ? invalid('indices', problem) : new WorkspaceError('INVALID_FILE', `${where}: ${problem}`);
}

const line = z.union([
  z.strictObject({ index: z.number().int().min(0), target: z.union([z.string(), z.number()]) }),
  z.strictObject({ image: z.string().min(1), target: z.union([z.string(), z.number()]) }),
]);

/** JSON lines; pictures are looked for beside the file. */
async function repairsIn(path: string, dataset: ImageDataset): Promise<ListedRepair[]> {
  const lines = new TextDecoder().decode(readFileOrExplain(path)).split('\n');
  const repairs: ListedRepair[] = [];
  for (const [at, text] of lines.entries()) {
    if (text.trim() === '') continue;
    repairs.push(await repairIn(text, `${path}, line ${at + 1}`, { folder: dirname(path), dataset }));
  }
  if (repairs.length > 0) return repairs;
  throw invalid('file', `expected JSON lines like {"index": 12, "target": 3}, received ${path}, which has none.`);
}

async function repairIn(
  text: string,
  where: string,
  { folder, dataset }: { readonly folder: string; readonly dataset: ImageDataset },
): Promise<ListedRepair> {
  const { data, success } = line.safeParse(parsed(text));
  if (!success) {
    throw new WorkspaceError(
      'INVALID_FILE',
      `${where}: expected {"image": FILE, "target": CLASS} or {"index": N, "target": CLASS}, received ${text.trim().slice(0, 80)}.`,
    );
  }
  const target = labelNamed(String(data.target), dataset.classes, `${where}: target`);
  if ('index' in data) return { ...testImage(data.index, dataset, `${where}: index`), target };
  const { pixels } = await pictureIn(join(folder, data.image), dataset).catch((error: Error) => {
    throw new WorkspaceError('INVALID_FILE', `${where}: ${error.message}`, { cause: error });
  });
  return { pixels, target, name: data.image, file: data.image };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
