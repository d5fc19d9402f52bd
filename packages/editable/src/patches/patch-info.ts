/** What a patch says about itself: of which model, how it was made, what it did. Stored as JSON in the file's metadata. */
import { type HyperparameterValue, polyak } from '../editing/editor.js';

export interface PatchTarget {
  /** The class that the edit asked for. */
  readonly label: number;
  readonly className?: string | undefined;
  /** Position of the edited image in the data set's test split. */
  readonly index?: number | undefined;
  /** The edited image's file. */
  readonly image?: string | undefined;
}

/** A sentence and the translation that it must have. */
export interface PatchSentence {
  readonly source: string;
  readonly target: string;
}

export interface PatchInfo {
  /** modelHash of the model that it was made for. */
  readonly baseHash: string;
  /** modelHash of the model that it gives. */
  readonly resultHash: string;
  readonly editor: string;
  readonly hyperparameters: Readonly<Record<string, HyperparameterValue>>;
  /** The layer selection, in the words of the command line. */
  readonly layers: string;
  readonly steps: number;
  readonly success: boolean;
  readonly target?: PatchTarget | undefined;
  /** Where the patch is of many repairs: what each asked for. */
  readonly repairs?: readonly PatchTarget[] | undefined;
  /** Of a translation model: what each repair asked for. */
  readonly sentences?: readonly PatchSentence[] | undefined;
  /** Augmented views that were asked to follow, too. */
  readonly views?: number | undefined;
  /** Nats by which the target was asked to lead. */
  readonly margin?: number | undefined;
  /** Of the natural editor, where it is not `kronecker`. */
  readonly metric?: string | undefined;
  /** Of the natural editor: steps that followed, at most, once the repair held. */
  readonly settle?: number | undefined;
  readonly dataset?: string | undefined;
  /** Error after minus error before on the test set, a fraction. */
  readonly drawdown?: number | undefined;
  /** BLEU before minus BLEU after on the test sentences. */
  readonly bleuDrawdown?: number | undefined;
  /** Test images whose class changed, or test sentences whose translation did. */
  readonly flips?: number | undefined;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The info as the text that a patch holds. */
export const encodePatchInfo = (info: PatchInfo): string => JSON.stringify(info);

/** The known fields of a patch's text, or a phrase that says what is wrong with it. */
export function decodePatchInfo(text: string): PatchInfo | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'its description is not JSON';
  }
  if (!isRecord(parsed)) return 'its description is not a JSON object';
  const sentences = Array.isArray(parsed.sentences) ? (parsed.sentences as readonly unknown[]) : [];
  const repairs = Array.isArray(parsed.repairs) ? (parsed.repairs as readonly unknown[]) : [];
  const wrong =
    problem(parsed, infoFields, '') ??
    problem(parsed.target, targetFields, 'target.') ??
    firstProblem(repairs, targetFields, 'repairs') ??
    firstProblem(sentences, sentenceFields, 'sentences');
  if (wrong !== undefined) return wrong;
  const target = parsed.target === undefined ? {} : { target: known(parsed.target as object, targetFields) };
  const all =
    parsed.repairs === undefined ? {} : { repairs: repairs.map((each) => known(each as object, targetFields)) };
  const asked =
    parsed.sentences === undefined ? {} : { sentences: sentences.map((each) => known(each as object, sentenceFields)) };
  return { ...known(parsed, infoFields), ...target, ...all, ...asked } as unknown as PatchInfo;
}

interface Field {
  readonly expected: string;
  readonly optional?: true;
  accepts(value: unknown): boolean;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// Descriptions are printed: no control characters, which could rewrite a terminal.
const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= 1000 && !/\p{Cc}|\p{Bidi_Control}/u.test(value);

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isNumbers = (value: unknown): boolean =>
  isRecord(value) &&
  Object.entries(value).every(([name, each]) => isText(name) && (Number.isFinite(each) || each === polyak));

const isDate = (value: unknown): boolean => isText(value) && !Number.isNaN(Date.parse(value as string));

const mostRepairs = 100_000;

const text: Field = { expected: 'short text', accepts: isText };
const count: Field = { expected: 'a whole number', accepts: isCount };
const hash: Field = {
  expected: '64 hexadecimal digits',
  accepts: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
};
const optional = (field: Field): Field => ({ ...field, optional: true });

const objects: Field = {
  expected: 'a list of objects',
  accepts: (value) => Array.isArray(value) && value.length <= mostRepairs && value.every(isRecord),
};

const infoFields: Readonly<Record<keyof PatchInfo, Field>> = {
  baseHash: hash,
  resultHash: hash,
  editor: text,
  hyperparameters: { expected: 'an object of numbers', accepts: isNumbers },
  layers: text,
  steps: count,
  success: { expected: 'true or false', accepts: (value) => typeof value === 'boolean' },
  target: optional({ expected: 'an object', accepts: isRecord }),
  repairs: optional(objects),
  sentences: optional(objects),
  views: optional(count),
  margin: optional({ expected: 'a number', accepts: Number.isFinite }),
  metric: optional(text),
  settle: optional(count),
  dataset: optional(text),
  drawdown: optional({ expected: 'a number', accepts: Number.isFinite }),
  bleuDrawdown: optional({ expected: 'a number', accepts: Number.isFinite }),
  flips: optional(count),
  createdAt: { expected: 'a date', accepts: isDate },
};

const targetFields: Readonly<Record<keyof PatchTarget, Field>> = {
  label: count,
  className: optional(text),
  index: optional(count),
  image: optional(text),
};

const sentence: Field = {
  expected: 'a sentence',
  accepts: (value) => typeof value === 'string' && value.length <= 20_000 && !/\p{Cc}|\p{Bidi_Control}/u.test(value),
};

const sentenceFields: Readonly<Record<keyof PatchSentence, Field>> = { source: sentence, target: sentence };

const firstProblem = (
  values: readonly unknown[],
  fields: Readonly<Record<string, Field>>,
  name: string,
): string | undefined =>
  values.map((each, i) => problem(each, fields, `${name}.${i}.`)).find((each) => each !== undefined);

function problem(value: unknown, fields: Readonly<Record<string, Field>>, prefix: string): string | undefined {
  if (!isRecord(value)) return undefined;
  const wrong = Object.entries(fields).find(([name, { optional, accepts }]) =>
    value[name] === undefined ? !optional : !accepts(value[name]),
  );
  return wrong && `its ${prefix}${wrong[0]} is not ${wrong[1].expected}`;
}

const known = (value: object, fields: Readonly<Record<string, Field>>): object =>
  Object.fromEntries(Object.entries(value).filter(([name]) => Object.hasOwn(fields, name)));
