/** Debian's Python, where networks are compared with torchvision's. */
import { spawnSync } from 'node:child_process';

export const python = '/usr/bin/python3';

export const hasTorchvision: boolean = spawnSync(python, ['-c', 'import torchvision']).status === 0;

/** For a test's name: why it is skipped, or nothing. */
export const why: string = hasTorchvision
  ? ''
  : ` (skipped: ${python} has no torchvision; Debian: apt-get install python3-torchvision)`;
