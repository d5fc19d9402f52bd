/** How readers of this folder report a bad file: parsers say what is wrong, the outermost call adds which file. */
import { TorchError } from '../errors.js';

/** What is wrong with a file's contents, as the end of the sentence "cannot read FILE: …". */
export class MalformedFile extends Error {
  override readonly name = 'MalformedFile';
}

/** Runs a parser; a `MalformedFile` thrown inside becomes a `TorchError` INVALID_FILE that names `source`. */
export const reading = <T>(source: string, parse: () => T): T => {
  try {
    return parse();
  } catch (error) {
    if (error instanceof MalformedFile) throw new TorchError('INVALID_FILE', `cannot read ${source}: ${error.message}`);
    throw error;
  }
};

/** A name out of a file, fit for a sentence: quoted, short, and safe whatever the value is. */
export const quoted = (value: unknown): string => {
  if (typeof value !== 'string') return typeof value === 'number' ? String(value) : `a value of type ${typeof value}`;
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
};

/** A counter that refuses to go below zero: what keeps a small hostile file from costing much memory or time. */
export const allowance = (total: number, complaint: string): ((amount: number) => void) => {
  let left = total;
  return (amount) => {
    left -= amount;
    if (left < 0) throw new MalformedFile(complaint);
  };
};
