/** A run of translation made ready for use: its model with patches applied, and the sentences that jobs are about. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Device } from '@editable/torch';
import {
  applyPatch,
  type CorpusLanguages,
  type CorpusSplit,
  canonicalTranslationChoice,
  type EditorChoice,
  mostWords,
  openTranslationRun,
  type PatchInfo,
  readCorpusSplit,
  selectParameters,
  type TextPair,
  type TokenPair,
  type TranslationRun,
  type TranslationState,
  type Translator,
  transformerSizes,
  transformers,
} from 'editable';
import { invalid } from '../errors.js';
import { type EditorRequest, overridden } from './editor-choice.js';
import { usableDevice } from './open-model.js';

export interface OpenedTranslator {
  readonly run: TranslationRun;
  /** The run's model with the patches applied, and its text. */
  readonly translator: Translator;
  readonly patches: readonly PatchInfo[];
  /** The folder of parallel text. */
  readonly data: string;
  readonly device: Device;
}

export interface OpenTranslatorOptions {
  /** A folder of parallel text; default: that which the run was trained on. */
  readonly dataset?: string | undefined;
  readonly patches?: readonly string[] | undefined;
  readonly device?: string | undefined;
}

/** @throws EditableError for a folder that is no run of translation, or patches of another model */
export function openTranslator(folder: string, options: OpenTranslatorOptions = {}): OpenedTranslator {
  const device = usableDevice(options.device ?? 'cpu');
  const run = openTranslationRun(folder, { device });
  const patches: PatchInfo[] = [];
  let { model } = run;
  for (const path of options.patches ?? []) {
    const patched = applyPatch<TokenPair, TranslationState>(model, path);
    model = patched.model;
    patches.push(patched.info);
  }
  const data = options.dataset === undefined ? run.config.dataset.folder : resolve(options.dataset);
  return { run, translator: { model, spec: run.config.model, codec: run.codec }, patches, data, device };
}

const languagesOf = ({ run: { config } }: OpenedTranslator): CorpusLanguages => config.text;

/** @throws EditableError DATA_NOT_FOUND where the folder has no such split; TextError INVALID_FILE */
export const sentencesOf = (opened: OpenedTranslator, split: CorpusSplit): TextPair[] =>
  readCorpusSplit(opened.data, split, languagesOf(opened));

/**
 * The editor for a translation run: what is asked for over the run's own over the usual one. The natural editor changes the
 * layers that Editable Training prepared, else the network's usual ones for it.
 */
export function chooseTranslationEditor(
  { run }: OpenedTranslator,
  request: EditorRequest = {},
  { usual = 'rmsprop' }: { readonly usual?: 'rmsprop' | 'natural' } = {},
): EditorChoice {
  const { model, training } = run.config;
  const { usualLayers, naturalLayers } = transformers[model.kind];
  const editable = training?.objective === 'editable';
  const layers = usualLayers(transformerSizes(model));
  const plain: EditorChoice = { name: 'rmsprop', hyperparameters: {}, layers, maxSteps: 10 };
  const kept = run.editor ?? training?.editor ?? plain;
  const natural = canonicalTranslationChoice({
    name: 'natural',
    hyperparameters: {},
    layers: editable ? kept.layers : naturalLayers,
    maxSteps: 10,
  });
  const { editor: name = usual === 'natural' && !editable ? 'natural' : kept.name } = request;
  const base = name === 'natural' && kept.name !== 'natural' ? natural : kept;
  const choice = overridden(base, { ...request, editor: name });
  selectParameters(run.model, choice.layers);
  return choice;
}

/** A sentence of one's own, or a test sentence by its number, and a name for what is made of it. */
export function sentenceNamed(
  opened: OpenedTranslator,
  named: { readonly source: string } | { readonly index: number },
): { readonly source: string; readonly name: string } {
  if ('source' in named) {
    const digest = createHash('sha256').update(named.source).digest('hex').slice(0, 8);
    return { source: named.source, name: `sentence-${digest}` };
  }
  const pairs = sentencesOf(opened, 'test');
  const pair = pairs[named.index];
  if (pair !== undefined) return { source: pair.source, name: `test-${named.index}` };
  throw invalid('index', `expected a whole number from 0 to ${pairs.length - 1}, received "${named.index}".`);
}

/** One line of text. @throws WorkspaceError INVALID_ARGUMENT naming the setting */
export function checkedSentence(sentence: string, field: string): string {
  const words = sentence.split(/\s+/).filter((word) => word !== '').length;
  if (words === 0) throw invalid(field, 'expected a sentence, received nothing but spaces.');
  if (/[\r\n]/.test(sentence)) throw invalid(field, 'expected one sentence on one line, received several lines.');
  if (words > mostWords) throw invalid(field, `expected a sentence of at most ${mostWords} words, received ${words}.`);
  return sentence;
}
