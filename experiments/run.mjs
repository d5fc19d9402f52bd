/** Runs an experiment as built into dist/; results and READMEs lie in the folders beside this file. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from './dist/main.js';

process.exitCode = await main(process.argv.slice(2), dirname(fileURLToPath(import.meta.url)));
