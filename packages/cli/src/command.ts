/** What a command is: its words and options as data, and what it does. */
import type { Console } from './console/console.js';
import type { AnyOptionTable, OptionTable } from './options/table.js';

export interface CommandArgument {
  readonly name: string;
  readonly description: string;
  readonly optional?: true;
  /** One or more words; the last argument only. */
  readonly several?: true;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly CommandArgument[];
  readonly options: AnyOptionTable;
  /** Command lines worth showing in the help. */
  readonly examples: readonly string[];
  /** Exits with the number it returns. */
  run(words: readonly (string | undefined)[], flags: object, console: Console): Promise<number>;
}

/** Commands under a word of their own: `editable store propose`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

export interface CommandDefinition<Flags extends object> extends Omit<Command, 'options' | 'run'> {
  readonly options: OptionTable<Flags>;
  run(words: readonly (string | undefined)[], flags: Flags, console: Console): Promise<number>;
}

/** Checks a command's table against its flags; beyond this point nobody needs their type. */
export const defineCommand = <Flags extends object>(definition: CommandDefinition<Flags>): Command =>
  definition as unknown as Command;

/** Exit codes beyond 0: misuse or a broken world, and an edit that did not reach its target. */
export const exitCodes = { done: 0, failed: 1, editFailed: 2, interrupted: 130 } as const;
