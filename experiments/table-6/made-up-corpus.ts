/** A made-up language for the scale of tests: each word has its own translation, and sentences are turned round. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '@editable/torch';
import { stream } from 'editable';

const words = Array.from({ length: 16 }, (_, i) => [`a${i.toString(4)}`, `b${i.toString(4)}`] as const);
const counts = { train: 1200, valid: 12, test: 60 } as const;

/** Writes it where it is not there. */
export function madeUpCorpus(folder: string): void {
  if (existsSync(join(folder, 'test.yy'))) return;
  mkdirSync(folder, { recursive: true });
  for (const [split, count] of Object.entries(counts)) {
    const random = stream(1, split);
    const sentences = Array.from({ length: count }, () =>
      Array.from({ length: 3 + random.int(4) }, () => words[random.int(words.length)] as (typeof words)[number]),
    );
    const text = (line: (sentence: (typeof sentences)[number]) => readonly string[]): string =>
      sentences.map((sentence) => `${line(sentence).join(' ')}\n`).join('');
    writeFileAtomically(
      join(folder, `${split}.xx`),
      text((sentence) => sentence.map(([word]) => word)),
    );
    writeFileAtomically(
      join(folder, `${split}.yy`),
      text((sentence) => sentence.map(([, word]) => word).reverse()),
    );
  }
}
