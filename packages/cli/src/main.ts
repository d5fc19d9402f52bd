/** The command line's entry: reads the words, runs a command, turns every error into one sentence on stderr. */
import { createRequire } from 'node:module';
import { CommanderError, Command as Parser } from 'commander';
import { type Command, type CommandGroup, exitCodes } from './command.js';
import { commandGroups, commands } from './commands/index.js';
import { openConsole } from './console/console.js';
import { UsageError } from './errors.js';
import { explain } from './explain.js';
import { outputOptions } from './options/shared.js';
import { type AnyOptionTable, commanderOptions } from './options/table.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Runs one command line (without `node` and the script). Returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  listenToProcess();
  if (process.env.EDITABLE_END_WITH_STDIN !== undefined) endWithParent();
  let exitCode: number = exitCodes.done;
  const program = parserOf(commands, commandGroups, async (command, words, flags) => {
    exitCode = await command.run(words, flags, openConsole({ json: (flags as { json: boolean }).json }));
  });
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : [...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    process.stderr.write(`${explain(error, { debug: argv.includes('--debug') })}\n`);
    return exitCodes.failed;
  }
}

/** For a command that another process started and waits for: standard input closes when that process is gone. */
function endWithParent(): void {
  process.stdin.once('end', () => process.exit(exitCodes.interrupted)).resume();
  process.stdin.unref();
}

type Action = (command: Command, words: readonly (string | undefined)[], flags: object) => Promise<void>;

function parserOf(all: readonly Command[], groups: readonly CommandGroup[], act: Action): Parser {
  const program = new Parser('editable')
    .description(
      'Trains image classifiers whose mistakes can be repaired, repairs them, and measures what a repair cost.',
    )
    .version(version)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nEvery command has --help. An edit that does not reach its target exits with 2, misuse with 1.',
    );
  silence(program);
  for (const command of all) program.addCommand(silence(subparserOf(command, act)));
  for (const { name, summary, commands: own } of groups) {
    const group = silence(new Parser(name).description(summary));
    for (const command of own) group.addCommand(silence(subparserOf(command, act)));
    program.addCommand(group);
  }
  return program;
}

function subparserOf(command: Command, act: Action): Parser {
  const parser = new Parser(command.name).description(command.summary);
  for (const { name, description, optional, several } of command.arguments) {
    const word = several ? `${name}...` : name;
    parser.argument(optional ? `[${word}]` : `<${word}>`, description);
  }
  const options: AnyOptionTable = { ...command.options, ...(outputOptions as unknown as AnyOptionTable) };
  for (const option of commanderOptions(options)) parser.addOption(option);
  if (command.examples.length > 0) {
    parser.addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  $ editable ${line}`).join('\n')}`);
  }
  return parser.action(async (...parts: unknown[]) => {
    const words = parts.slice(0, command.arguments.length).flat() as (string | undefined)[];
    await act(command, words, parts[command.arguments.length] as object);
  });
}

// Errors are thrown and told by `explain`; commander must neither print nor exit.
const silence = (parser: Parser): Parser =>
  parser
    .exitOverride((error) => {
      if (error.exitCode === 0) throw error;
      throw new UsageError(
        `${error.message
          .replace(/^error: /, '')
          .split('\n')
          .join(' ')}. See editable --help.`,
      );
    })
    .configureOutput({ writeErr: () => {} });

let listening = false;

function listenToProcess(): void {
  if (listening) return;
  listening = true;
  // A reader such as `head` that has seen enough is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.once('SIGINT', () => {
    process.stderr.write('\nInterrupted. What was written is whole; the same command continues or starts again.\n');
    process.exit(exitCodes.interrupted);
  });
}
