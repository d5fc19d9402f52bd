/** What `evaluate`, `edit`, `mistakes`, `repair` and `curvature` do for a run of translation. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EditorRequest } from '@editable/workspace';
import type { EditTargets, Sharing } from 'editable';
import { exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { count, duration } from '../console/numbers.js';
import { facts } from '../console/table.js';
import { UsageError } from '../errors.js';
import { deviceOf } from '../group.js';
import { pictureOptions, refuseOptionsOf } from '../options/other-task.js';

interface TranslatorFlags {
  readonly dataset: string | undefined;
  readonly device: string;
}

interface PatchedFlags extends TranslatorFlags {
  readonly patch: readonly string[] | undefined;
}

const task = 'image-classification';

const opening = async (
  folder: string,
  { dataset, device, patch: patches }: TranslatorFlags & Partial<PatchedFlags>,
) => {
  const { openTranslator } = await import('@editable/workspace');
  return openTranslator(folder, { dataset, device, patches });
};

interface EvaluateTranslatorFlags extends PatchedFlags, EditorRequest {
  readonly edits: number;
  readonly targets: EditTargets;
  readonly precision: number | undefined;
  readonly controlSentences: number | undefined;
  readonly baseline: string | undefined;
  readonly seed: number;
}

export async function evaluateTranslatorRun(
  folder: string,
  flags: EvaluateTranslatorFlags,
  console: Console,
  { share, group }: Sharing,
): Promise<number> {
  refuseOptionsOf(task, flags, pictureOptions);
  const { chooseTranslationEditor, curvatureOfTranslator, evaluateTranslator } = await import('@editable/workspace');
  const { describeTranslationEvaluation } = await import('../report/translation-evaluation-text.js');
  const opened = await opening(folder, { ...flags, device: deviceOf(flags.device, group) });
  const editor = chooseTranslationEditor(opened, flags);
  const curvature = curvatureOfTranslator(opened, { sentences: flags.controlSentences, settle: editor.settle });
  const { edits, targets, precision, seed, baseline } = flags;
  const settings = { editor, curvature, edits, targets, precision, seed, baseline, share, group };
  const { document } = await shown(console, (job) => evaluateTranslator(opened, settings, job));
  group?.finish();
  console.print(describeTranslationEvaluation(document));
  console.result(document);
  return exitCodes.done;
}

interface EditTranslationFlags extends PatchedFlags, EditorRequest {
  readonly source: string | undefined;
  readonly index: number | undefined;
  readonly target: string;
  readonly controlSentences: number | undefined;
  readonly seed: number;
  readonly out: string | undefined;
}

export async function editTranslation(folder: string, flags: EditTranslationFlags, console: Console): Promise<number> {
  refuseOptionsOf(task, flags, [...pictureOptions, 'image', 'precision']);
  const { chooseTranslationEditor, curvatureOfTranslator, patchNamed, repairTranslation, sentenceNamed } = await import(
    '@editable/workspace'
  );
  const { describeTranslationRepair } = await import('../report/translation-repair-text.js');
  const opened = await opening(folder, flags);
  const { source, name } = sentenceNamed(opened, sourceNamed(flags));
  const editor = chooseTranslationEditor(opened, flags, { usual: 'natural' });
  const out = await placeFor(flags.out, patchNamed(opened.run.folder, name));
  const curvature = curvatureOfTranslator(opened, { sentences: flags.controlSentences, settle: editor.settle });
  const settings = { source, target: flags.target, editor, curvature, seed: flags.seed, out };
  const document = await shown(console, (job) => repairTranslation(opened, settings, job));
  console.print(describeTranslationRepair(document));
  console.result(document);
  return document.success ? exitCodes.done : exitCodes.editFailed;
}

function sourceNamed({ source, index }: EditTranslationFlags): { source: string } | { index: number } {
  if (source !== undefined && index === undefined) return { source };
  if (index !== undefined && source === undefined) return { index };
  throw new UsageError('expected one of --source SENTENCE and --index N to say which sentence is meant.');
}

interface TranslationMistakesFlags extends PatchedFlags {
  readonly split: 'test' | 'validation';
  readonly limit: number;
  readonly out: string | undefined;
}

export async function translationMistakes(
  folder: string,
  flags: TranslationMistakesFlags,
  console: Console,
): Promise<number> {
  refuseOptionsOf(task, flags, pictureOptions);
  const { out, split, limit } = flags;
  requireFolderOf(out);
  const { listTranslationMistakes, translationRepairLines } = await import('@editable/workspace');
  const { describeTranslationMistakes } = await import('../report/translation-repair-text.js');
  const { writeFileAtomically } = await import('@editable/torch');
  const opened = await opening(folder, flags);
  const document = await shown(console, (job) => listTranslationMistakes(opened, split, job));
  console.print(describeTranslationMistakes(document, limit));
  if (out !== undefined) {
    const lines = translationRepairLines(document);
    writeFileAtomically(out, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    console.print(`${lines.length} repairs in ${out}`);
  }
  console.result({ ...document, out: out ?? null });
  return exitCodes.done;
}

interface RepairTranslationsFlags extends PatchedFlags {
  readonly mistakes: number | undefined;
  readonly indices: readonly number[] | undefined;
  readonly file: string | undefined;
  readonly atOnce: boolean;
  readonly margin: number | undefined;
  readonly layers: readonly string[] | undefined;
  readonly maxSteps: number;
  readonly settle: number | undefined;
  readonly controlSentences: number | undefined;
  readonly out: string | undefined;
}

export async function repairTranslationMistakes(
  folder: string,
  flags: RepairTranslationsFlags,
  console: Console,
): Promise<number> {
  refuseOptionsOf(task, flags, [...pictureOptions, 'views']);
  const { chooseTranslationEditor, curvatureOfTranslator, listTranslationRepairs, patchNamed, repairTranslationSet } =
    await import('@editable/workspace');
  const { describeTranslationRepairSet } = await import('../report/translation-repair-text.js');
  const opened = await opening(folder, flags);
  const { atOnce, margin, layers, maxSteps, settle } = flags;
  const editor = chooseTranslationEditor(opened, { editor: 'natural', margin, layers, maxSteps, settle });
  const { repairs, name } = await shown(console, (job) => listTranslationRepairs(opened, namedIn(flags), job));
  const out = await placeFor(flags.out, patchNamed(opened.run.folder, name));
  const curvature = curvatureOfTranslator(opened, { sentences: flags.controlSentences, settle: editor.settle });
  const document = await shown(console, (job) =>
    repairTranslationSet(opened, { repairs, editor, curvature, atOnce, out }, job),
  );
  console.print(describeTranslationRepairSet(document));
  console.result(document);
  return document.inForce === 1 ? exitCodes.done : exitCodes.editFailed;
}

function namedIn({ mistakes, indices, file }: RepairTranslationsFlags) {
  if (mistakes !== undefined && indices === undefined && file === undefined) return { mistakes };
  if (indices !== undefined && mistakes === undefined && file === undefined) return { indices };
  if (file !== undefined && mistakes === undefined && indices === undefined) return { file };
  throw new UsageError('expected one of --mistakes N, --indices A,B,C and --file FILE to say what is to be repaired.');
}

interface TranslatorCurvatureFlags extends TranslatorFlags {
  readonly layers: readonly string[] | undefined;
  readonly sentences: number | undefined;
}

export async function translatorCurvature(
  folder: string,
  flags: TranslatorCurvatureFlags,
  console: Console,
  { share, group }: Sharing,
): Promise<number> {
  refuseOptionsOf(task, flags, [...pictureOptions, 'images']);
  const { chooseTranslationEditor, computeTranslationCurvature } = await import('@editable/workspace');
  const { fileSize } = await import('../report/file-size.js');
  const opened = await opening(folder, { ...flags, device: deviceOf(flags.device, group) });
  const { layers } = chooseTranslationEditor(opened, { editor: 'natural', layers: flags.layers });
  const document = computeTranslationCurvature(opened, { layers, sentences: flags.sentences, share, group });
  group?.finish();
  console.print(
    facts([
      ['curvature', document.found ? 'found: it was there already' : `computed in ${duration(document.seconds)}`],
      ['layers', `${document.layers}: ${count(document.parameters)} tensors, ${count(document.numbers)} numbers`],
      ['sentences', `${count(document.sentences)} control sentences`],
      ['file', `${document.path} (${fileSize(document.path)})`],
    ]),
  );
  console.result(document);
  return exitCodes.done;
}

/** Where a patch goes; the usual place is made, another one must be there. */
async function placeFor(asked: string | undefined, usual: string): Promise<string> {
  requireFolderOf(asked);
  if (asked !== undefined) return asked;
  const { makeRunFolder } = await import('editable');
  makeRunFolder(dirname(usual));
  return usual;
}

function requireFolderOf(out: string | undefined): void {
  if (out !== undefined && !existsSync(dirname(out)))
    throw new UsageError(`--out: expected a file in a folder that exists, received "${out}".`);
}
