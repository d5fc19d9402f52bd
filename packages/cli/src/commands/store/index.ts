/** `editable store …`, in the order of a repair's life. */
import type { CommandGroup } from '../../command.js';
import { activateCommand } from './activate.js';
import { approveCommand } from './approve.js';
import { budgetCommand } from './budget.js';
import { conflictsCommand } from './conflicts.js';
import { diffCommand } from './diff.js';
import { exportCommand } from './export.js';
import { initCommand } from './init.js';
import { logCommand } from './log.js';
import { moveCommand } from './move.js';
import { previewCommand } from './preview.js';
import { proposeCommand } from './propose.js';
import { releaseCommand } from './release.js';
import { retireCommand } from './retire.js';
import { rollbackCommand } from './rollback.js';
import { statusCommand } from './status.js';
import { verifyCommand } from './verify.js';

export const storeCommands: CommandGroup = {
  name: 'store',
  summary: 'Keep repairs and releases of a network: propose, approve, release, activate, roll back.',
  commands: [
    initCommand,
    proposeCommand,
    previewCommand,
    approveCommand,
    conflictsCommand,
    releaseCommand,
    activateCommand,
    rollbackCommand,
    retireCommand,
    statusCommand,
    budgetCommand,
    logCommand,
    diffCommand,
    exportCommand,
    moveCommand,
    verifyCommand,
  ],
};
