/** Where a command's words go: results on stdout (text, or one JSON document), remarks and progress on stderr. */
import { openProgress, type Progress } from './progress.js';

export interface Console {
  /** One JSON document is wanted on stdout, and nothing else. */
  readonly json: boolean;
  /** For people, on stdout; nothing with --json. */
  print(text?: string): void;
  /** A remark that is no result, on stderr. */
  remark(text: string): void;
  /** The command's result: printed with --json only, and once only. */
  result(document: unknown): void;
  /** A bar with the time left on stderr; silent where that is no terminal. */
  progress(label: string, total: number): Progress;
}

export function openConsole({ json }: { readonly json: boolean }): Console {
  let told = false;
  return {
    json,
    print: (text = '') => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    remark: (text) => {
      process.stderr.write(`${text}\n`);
    },
    result: (document) => {
      if (told) throw new Error('a command has one result');
      told = true;
      if (json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    },
    progress: openProgress,
  };
}
