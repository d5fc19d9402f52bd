/** Finished runs tuned and evaluated by the public commands in a second process, while this one trains the next. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setThreads } from '@editable/torch';
import type { TuningSettings } from '@editable/workspace';
import { UsageError } from '../errors.js';
import { optionName } from '../options/table.js';

const command = fileURLToPath(new URL('../../bin/editable.js', import.meta.url));

export interface BackgroundRun {
  readonly folder: string;
  readonly tuning: TuningSettings;
  /** Flags of evaluations that follow, each an editor of its own; first comes the tuned one. */
  readonly evaluations: readonly (readonly string[])[];
}

export interface BackgroundSettings {
  readonly edits: number;
  readonly testImages: number | undefined;
  readonly precision: number;
  readonly dataDir: string | undefined;
  readonly device: string;
}

/** Seconds that each evaluation took. What was measured lies in the runs' folders, where the same call finds it done. */
export async function measureInBackground(
  runs: readonly BackgroundRun[],
  settings: BackgroundSettings,
): Promise<readonly number[]> {
  const { edits, testImages, precision, dataDir, device } = settings;
  const place = [...(dataDir === undefined ? [] : ['--data-dir', dataDir]), '--device', device, '--json'];
  const images = testImages === undefined ? [] : ['--test-images', String(testImages)];
  const sample = ['--edits', String(edits), ...images, '--precision', String(precision)];
  const seconds: number[] = [];
  for (const { folder, tuning, evaluations } of runs) {
    await run(['tune', folder, ...tuningFlags(tuning), ...place]);
    for (const editor of [[], ...evaluations]) {
      const words = [...editor, ...sample, '--seed', String(tuning.seed)];
      const document = await run(['evaluate', folder, ...words, ...place]);
      seconds.push((JSON.parse(document) as { seconds: number }).seconds);
    }
  }
  return seconds;
}

/** For as long as nothing else runs: results depend on their number, so it is the same on every machine. */
export const useTwoThreads = (): void => setThreads(2);

/** Small networks: two processes of one thread each do more than one process of two. */
export const useOneThread = (): void => setThreads(1);

const tuningFlags = ({
  editor,
  layers,
  edits,
  images,
  maxSteps,
  searchSteps,
  minimumSuccess,
  seed,
}: TuningSettings): string[] =>
  Object.entries({ editor, layers: layers.join(), edits, images, maxSteps, searchSteps, minimumSuccess, seed }).flatMap(
    ([name, value]) => [optionName(name), String(value)],
  );

/** The command's standard output. It ends when this process does: see `endWithParent`. */
function run(words: readonly string[]): Promise<string> {
  const env = { ...process.env, OMP_NUM_THREADS: '1', EDITABLE_END_WITH_STDIN: '1' };
  const child = spawn(process.execPath, [command, ...words], { stdio: 'pipe', env });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(out.join(''));
      else
        reject(
          new UsageError(
            err
              .join('')
              .trim()
              .replace(/^editable: /, '') || `${words[0]} ended with code ${code}.`,
          ),
        );
    });
  });
}
