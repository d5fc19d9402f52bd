/** The commands, in the order of their use. */
import type { Command, CommandGroup } from '../command.js';
import { checkCommand } from './check.js';
import { curvatureCommand } from './curvature.js';
import { demoCommand } from './demo.js';
import { editCommand } from './edit.js';
import { evaluateCommand } from './evaluate.js';
import { importCommand } from './import.js';
import { infoCommand } from './info.js';
import { launchCommand } from './launch.js';
import { mergeCommand } from './merge.js';
import { mistakesCommand } from './mistakes.js';
import { predictCommand } from './predict.js';
import { repairCommand } from './repair.js';
import { serveCommand } from './serve.js';
import { storeCommands } from './store/index.js';
import { trainCommand } from './train.js';
import { translateCommand } from './translate.js';
import { tuneCommand } from './tune.js';

export const commands: readonly Command[] = [
  trainCommand,
  importCommand,
  tuneCommand,
  mistakesCommand,
  curvatureCommand,
  editCommand,
  repairCommand,
  checkCommand,
  serveCommand,
  evaluateCommand,
  mergeCommand,
  predictCommand,
  translateCommand,
  launchCommand,
  infoCommand,
  demoCommand,
];

export const commandGroups: readonly CommandGroup[] = [storeCommands];
