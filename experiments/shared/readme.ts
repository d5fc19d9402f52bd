/** The block of a README that a command writes: everything between `<!-- results:SCALE -->` and `<!-- /results -->`. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFileAtomically } from '@editable/torch';

/** Replaces the scale's block; false where the file has none. */
export function writeReadmeBlock(path: string, scale: string, text: string): boolean {
  if (!existsSync(path)) return false;
  const [start, end] = [`<!-- results:${scale} -->`, '<!-- /results -->'];
  const before = readFileSync(path, 'utf8');
  const from = before.indexOf(start);
  const to = before.indexOf(end, from);
  if (from < 0 || to < 0) return false;
  writeFileAtomically(path, `${before.slice(0, from)}${start}\n\n${text}\n\n${before.slice(to)}`);
  return true;
}
