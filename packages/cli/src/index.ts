/** The editable command line as a function, and its commands and options as data. */
export type { Command, CommandArgument, CommandGroup } from './command.js';
export { commandGroups, commands } from './commands/index.js';
export { main } from './main.js';
