/** Makes run folders, each at the same moment as the other processes. */
import { join } from 'node:path';
import { groupOfEnvironment, type ProcessGroup } from '@editable/torch';
import { makeRunFolder } from '../../../packages/editable/src/runs/run-files.js';

try {
  const group = (await groupOfEnvironment()) as ProcessGroup;
  const errors = [];
  for (let i = 0; i < 200; i++) {
    group.barrier();
    try {
      makeRunFolder(join(process.argv[2] as string, String(i), 'evaluations'));
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  group.finish();
  console.log(JSON.stringify(errors));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
