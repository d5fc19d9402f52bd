/** Options as typed data: a command's table must name exactly the keys of its flags; parser and help read the table. */
import { Option } from 'commander';
import { UsageError } from '../errors.js';
import type { Kind } from './kinds.js';

interface Described<Value> {
  readonly description: string;
  readonly kind: Kind<Value>;
}

/** A flag that may be undefined needs nothing; any other needs a default or is required. */
export type OptionSpec<Value> = undefined extends Value
  ? Described<Exclude<Value, undefined>> & { readonly default?: undefined; readonly required?: false }
  : Described<Value> & ({ readonly default: Value; readonly required?: false } | { readonly required: true });

export type OptionTable<Flags> = { readonly [Name in keyof Flags]-?: OptionSpec<Flags[Name]> };

/** A table whose types are checked already, as the parser and the help see it. */
export type AnyOptionTable = Readonly<
  Record<string, Described<unknown> & { readonly default?: unknown; readonly required?: boolean }>
>;

/** The table's options as commander takes them. */
export const commanderOptions = (table: AnyOptionTable): Option[] =>
  Object.entries(table).map(([name, { description, kind, default: preset, required }]) => {
    const option = new Option(flagsOf(name, kind, preset), description);
    if (kind.placeholder === null) return preset === true ? option : option.default(preset);
    if (preset !== undefined) option.default(preset, String(preset));
    return option.argParser(parserOf(name, kind)).makeOptionMandatory(required === true);
  });

/** `learningRate` is `--learning-rate`. */
export const optionName = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function flagsOf(name: string, { placeholder, several }: Kind<unknown>, preset: unknown): string {
  if (placeholder === null) return preset === true ? optionName(name).replace('--', '--no-') : optionName(name);
  return `${optionName(name)} <${placeholder}${several ? '...' : ''}>`;
}

function parserOf(
  name: string,
  { schema, expected, several }: Kind<unknown>,
): (word: string, before: unknown) => unknown {
  return (word, before) => {
    const input = several ? [...((before as string[] | undefined) ?? []), word] : word;
    const { success, data } = schema.safeParse(input);
    if (success) return data;
    throw new UsageError(`${optionName(name)}: expected ${expected}, received "${word}".`);
  };
}
