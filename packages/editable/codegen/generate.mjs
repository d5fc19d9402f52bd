// Writes src/data/resample-kernel.generated.ts from resample.wat. `--check` only compares, and fails where it is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const source = new URL('resample.wat', import.meta.url);
const target = new URL('../src/data/resample-kernel.generated.ts', import.meta.url);

const { parseWat } = await wabt();
const program = parseWat('resample.wat', readFileSync(source, 'utf8'), { simd: true });
program.validate();
const bytes = Buffer.from(program.toBinary({}).buffer);
const lines = bytes.toString('base64').match(/.{1,110}/g);
const text = `// Generated from codegen/resample.wat by \`npm run generate\`: a WebAssembly module of ${bytes.length} bytes, base64.

export const resampleKernel: string =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;

if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  console.error('src/data/resample-kernel.generated.ts is stale: npm run generate.');
  process.exitCode = 1;
}
