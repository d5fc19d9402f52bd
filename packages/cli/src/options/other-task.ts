/** The task of a command's run, and options that a command has for one task alone: given for the other they are a slip. */
import type { RunTask } from 'editable';
import { UsageError } from '../errors.js';
import { choice } from './kinds.js';
import { type OptionTable, optionName } from './table.js';

const inWords = {
  'image-classification': 'image classification',
  translation: 'translation',
} as const;

/**
 * `names`: options of `task` alone, in the command line of a run of the other one.
 *
 * @throws UsageError naming the first that was given
 */
export function refuseOptionsOf(task: keyof typeof inWords, flags: object, names: readonly string[]): void {
  const given = names.find((name) => {
    const value = (flags as Readonly<Record<string, unknown>>)[name];
    return value !== undefined && value !== false;
  });
  if (given !== undefined)
    throw new UsageError(`${optionName(given)}: expected for runs of ${inWords[task]} only; leave it out.`);
}

/** Of commands that make a run. */
export const taskOptions: OptionTable<{ readonly task: RunTask | undefined }> = {
  task: {
    kind: choice(['image-classification', 'translation']),
    description: 'what examples are (default: image-classification)',
  },
};

/** Of options that several commands share: those about pictures. */
export const pictureOptions: readonly string[] = [
  'classes',
  'onDamaged',
  'dataDir',
  'testImages',
  'control',
  'controlImages',
  'metric',
];
