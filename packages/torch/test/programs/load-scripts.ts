/**
 * Loads TorchScript files and runs each on a [1, 2] input: `load-scripts.mjs FILE...`. Prints a file's name before, so
 * that the last line names one that ends the process, then `ran`, or the code and message of the error.
 */
import { writeSync } from 'node:fs';
import { loadScriptModule, noGrad, ones, scope } from '@editable/torch';

function outcome(file: string): string {
  try {
    scope(() => noGrad(() => loadScriptModule(file).call(ones([1, 2]))));
    return 'ran';
  } catch (error) {
    const { name, code, message } = error as { name: string; code?: string; message: string };
    return JSON.stringify({ name, code, message });
  }
}

for (const file of process.argv.slice(2)) {
  writeSync(1, `${file}\n`);
  writeSync(1, `${outcome(file)}\n`);
}
