/** The repairs that a command is about: the model's mistakes, test images by number, or a file of pictures and targets. */
import { basename, dirname, join } from 'node:path';
import { readFileOrExplain } from '@editable/torch';
import { type ImageDataset, mistakeTasks, type RepairTask, TestSet } from 'editable';
import { z } from 'zod';
import { UsageError } from './errors.js';
import type { OpenedModel } from './open-model.js';
import { labelNamed, pictureIn } from './picture.js';

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

export interface ListFlags {
  readonly mistakes: number | undefined;
  readonly indices: readonly number[] | undefined;
  readonly file: string | undefined;
  readonly seed: number;
}

/** @throws UsageError unless exactly one list is named; naming the line of a file that cannot be used */
export async function listRepairs(opened: OpenedModel, flags: ListFlags): Promise<RepairList> {
  const { mistakes, indices, file, seed } = flags;
  if ([mistakes, indices, file].filter((each) => each !== undefined).length !== 1) {
    throw new UsageError(
      'expected one of --mistakes N, --indices A,B,C and --file FILE to say what is to be repaired.',
    );
  }
  if (mistakes !== undefined)
    return { repairs: mistakesOf(opened, mistakes, seed), name: `mistakes-${mistakes}-seed-${seed}` };
  if (indices !== undefined) {
    const repairs = indices.map((index) => testImage(index, opened.dataset, '--indices'));
    const more = indices.length > 5 ? `-and-${indices.length - 5}-more` : '';
    return { repairs, name: `test-${indices.slice(0, 5).join('-')}${more}` };
  }
  return {
    repairs: await repairsIn(file as string, opened.dataset),
    name: basename(file as string).replace(/\.[^.]*$/, ''),
  };
}

function mistakesOf({ run, model, dataset, device }: OpenedModel, edits: number, seed: number): ListedRepair[] {
  const test = dataset.split('test');
  using all = new TestSet(test, { normalization: run.config.normalization, device, reducedPrecision: true });
  const tasks = mistakeTasks(all.predict(model), test.labels, { edits, seed });
  if (tasks.length < edits) {
    throw new UsageError(
      `--mistakes: expected at most ${tasks.length}, as the model makes no more on the ${test.length} test images, received "${edits}".`,
    );
  }
  return tasks.map(({ index, target }) => ({ index, target, name: `test image ${index}`, file: null }));
}

/** With its true label. */
function testImage(index: number, dataset: ImageDataset, where: string): ListedRepair {
  const { length, labels } = dataset.split('test');
  if (index >= length)
    throw new UsageError(`${where}: expected a whole number from 0 to ${length - 1}, received "${index}".`);
  return { index, target: labels[index] as number, name: `test image ${index}`, file: null };
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
  throw new UsageError(
    `--file: expected JSON lines like {"index": 12, "target": 3}, received ${path}, which has none.`,
  );
}

async function repairIn(
  text: string,
  where: string,
  { folder, dataset }: { readonly folder: string; readonly dataset: ImageDataset },
): Promise<ListedRepair> {
  const { data, success } = line.safeParse(parsed(text));
  if (!success) {
    throw new UsageError(
      `${where}: expected {"image": FILE, "target": CLASS} or {"index": N, "target": CLASS}, received ${text.trim().slice(0, 80)}.`,
    );
  }
  const target = labelNamed(String(data.target), dataset.classes, `${where}: target`);
  if ('index' in data) return { ...testImage(data.index, dataset, `${where}: index`), target };
  const { pixels } = await pictureIn(join(folder, data.image), dataset).catch((error: Error) => {
    throw new UsageError(`${where}: ${error.message}`, { cause: error });
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
