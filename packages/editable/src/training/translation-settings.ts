/** Everything that decides a training of a translation model, as plain data. */
import { EditableError } from '../errors.js';
import { smallSizes, type TransformerName, type TransformerSizes } from '../models/transformer/index.js';
import type { EditNormalization } from '../tasks/translation.js';
import { defaultTraining, type StepSettings } from './settings.js';

export interface TranslationTraining extends StepSettings {
  /**
   * The run whose weights training starts from, and whose model, as it is, gives edits their targets and alternatives; null
   * or left out: fresh weights, which plain training alone may have.
   */
  readonly from?: string | null;
  /** How c_edit and c_loc stand beside the base loss; left out: none. */
  readonly editNormalization?: EditNormalization;
  /** τ at which targets of edits are sampled; left out: 1.2. */
  readonly editTemperature?: number;
  /** Of the beam that alternatives come from; left out: 32, or as many as the vocabulary allows. */
  readonly alternatives?: number;
  readonly epochs: number;
  /** A batch's sentences times its longest side, padding included, at most. */
  readonly batchTokens: number;
  readonly labelSmoothing: number;
  /** Steps in which the learning rate rises to its highest; then it falls with the inverse square root of the step. */
  readonly warmUp: number;
  /** Share of all steps, at the end, in which the learning rate falls to 0 besides, in a straight line; left out: 0. */
  readonly cooldown?: number;
  /** Pairs of more tokens on a side are left out. */
  readonly maxLength: number;
  /** Pairs in which a side has more than so many times the other's tokens are left out; null: none (IWSLT14's recipe: 1.5). */
  readonly maxRatio: number | null;
  /** The model is the mean of those at the ends of the last so many epochs. */
  readonly averageEpochs: number;
  readonly seed: number;
  readonly checkpointEvery: number;
}

/** For some ten thousand sentences and a Transformer of three million parameters. */
export const defaultTranslationTraining: TranslationTraining = {
  objective: 'plain',
  epochs: 10,
  batchTokens: 3500,
  learningRate: 2e-3,
  warmUp: 600,
  cooldown: 0.3,
  labelSmoothing: 0.1,
  optimizer: 'adamw',
  betas: [0.9, 0.98],
  weightDecay: 1e-4,
  clipNorm: 10,
  clipEditNorm: null,
  maxLength: 175,
  maxRatio: null,
  averageEpochs: 1,
  seed: 0,
  checkpointEvery: 200,
  editor: { ...defaultTraining.editor, layers: 'decoder.layers.2' },
  cEdit: 100,
  cLoc: 100,
  localityImages: null,
  firstOrder: false,
  learnEditor: true,
};

/** The model that goes with it. */
export const smallTransformer: { readonly kind: TransformerName } & TransformerSizes = {
  kind: 'transformer_iwslt_de_en',
  ...smallSizes,
};

/** @throws EditableError INVALID_ARGUMENT naming the first setting that cannot be used */
export function checkTranslationTraining(settings: TranslationTraining): void {
  const broken = rules.find(([, , holds]) => !holds(settings));
  if (broken === undefined) return;
  const [name, expected] = broken;
  throw new EditableError('INVALID_ARGUMENT', `${name}: expected ${expected}, received ${String(settings[name])}.`);
}

type Rule = readonly [
  name: keyof TranslationTraining,
  expected: string,
  holds: (settings: TranslationTraining) => boolean,
];

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;

const counted = ['epochs', 'batchTokens', 'maxLength', 'averageEpochs', 'checkpointEvery'] as const;

/** In the order in which they are checked. */
const rules: readonly Rule[] = [
  ...counted.map((name): Rule => [name, 'a whole number of at least 1', (settings) => isCount(settings[name])]),
  ['averageEpochs', 'at most as many as there are epochs', ({ averageEpochs, epochs }) => averageEpochs <= epochs],
  ['maxLength', 'at most the tokens of a batch', ({ maxLength, batchTokens }) => maxLength < batchTokens],
  ['warmUp', 'a whole number of at least 0', ({ warmUp }) => Number.isInteger(warmUp) && warmUp >= 0],
  ['cooldown', 'a number from 0 to 1', ({ cooldown = 0 }) => cooldown >= 0 && cooldown <= 1],
  ['learningRate', 'a number above 0', ({ learningRate }) => learningRate > 0],
  ['clipNorm', 'a number above 0', ({ clipNorm }) => clipNorm > 0],
  ['weightDecay', 'a number of at least 0', ({ weightDecay }) => weightDecay >= 0],
  ['labelSmoothing', 'a number from 0 to below 1', ({ labelSmoothing: e }) => e >= 0 && e < 1],
  ['maxRatio', 'a number of at least 1, or none', ({ maxRatio }) => maxRatio === null || maxRatio >= 1],
  ['betas', 'two numbers from 0 to below 1', ({ betas = [0.9, 0.98] }) => betas.every((b) => b >= 0 && b < 1)],
  ['editsPerStep', 'a whole number of at least 1', ({ editsPerStep = 1 }) => isCount(editsPerStep)],
  ['seed', 'a whole number of at least 0', ({ seed }) => Number.isSafeInteger(seed) && seed >= 0],
  ['cEdit', 'a number of at least 0', ({ cEdit }) => cEdit >= 0],
  ['cLoc', 'a number of at least 0', ({ cLoc }) => cLoc >= 0],
  [
    'objective',
    'plain, or a run to start from, which gives edits their targets and alternatives',
    ({ objective, from }) => objective === 'plain' || typeof from === 'string',
  ],
  [
    'objective',
    'plain, or an editor other than natural, through which only image classifiers are trained',
    ({ objective, editor }) => objective === 'plain' || editor.name !== 'natural',
  ],
  [
    'editNormalization',
    'tokens or none',
    ({ editNormalization = 'none' }) => ['tokens', 'none'].includes(editNormalization),
  ],
  ['editTemperature', 'a number above 0', ({ editTemperature = 1.2 }) => editTemperature > 0],
  [
    'alternatives',
    'a whole number of at least 2',
    ({ alternatives = 32 }) => isCount(alternatives) && alternatives > 1,
  ],
];
