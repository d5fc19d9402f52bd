/** The editable command line as a function, and its commands and options as data. */
export type { Command, CommandArgument } from './command.js';
export { commands } from './commands/index.js';
export { main } from './main.js';
