/** A job's events as bars on stderr and lines for people. */
import type { JobEvent, JobOptions } from '@editable/workspace';
import { describeEditor, describeLayers } from '../report/editor-text.js';
import { describeEpoch, describeTranslationEpoch } from '../report/training-text.js';
import type { Console } from './console.js';
import { plural, signedPercent } from './numbers.js';
import type { Progress } from './progress.js';

type Bar = Extract<JobEvent, { readonly total: number }>;

/** What bars are called; a training's name may be given. */
const names: Readonly<Record<Bar['kind'], string>> = {
  decoding: 'decoding',
  curvature: 'curvature',
  training: 'training',
  translating: 'translating',
  trial: 'tuning',
  edit: 'editing',
  repair: 'repairing',
};

const stages: Readonly<Record<NonNullable<Extract<JobEvent, { kind: 'trial' }>['stage']>, string>> = {
  coarse: 'editors × layers, coarsely',
  full: 'tuning the best third',
  final: 'again on fresh images',
};

/** Runs a job with its progress shown; no bar is left behind, however it ends. */
export async function shown<Result>(
  console: Console,
  job: (options: JobOptions) => Promise<Result> | Result,
  labels: Partial<Record<Bar['kind'], string>> = {},
): Promise<Result> {
  const display = new JobDisplay(console, { ...names, ...labels });
  try {
    return await job({ onEvent: (event) => display.show(event) });
  } finally {
    display.stop();
  }
}

class JobDisplay {
  readonly #console: Console;
  readonly #labels: Readonly<Record<Bar['kind'], string>>;
  #label: string | undefined;
  #bar: Progress | undefined;

  constructor(console: Console, labels: Readonly<Record<Bar['kind'], string>>) {
    this.#console = console;
    this.#labels = labels;
  }

  show(event: JobEvent): void {
    if ('total' in event) {
      this.#advance(event);
      return;
    }
    this.stop();
    if (event.kind === 'epoch') this.#console.print(describeEpoch(event.summary, event.epochs));
    else if (event.kind === 'translation-epoch') this.#console.print(describeTranslationEpoch(event.summary));
    else this.#console.remark(remarkOf(event));
  }

  #advance(event: Bar): void {
    const label = event.kind === 'trial' && event.stage !== null ? stages[event.stage] : this.#labels[event.kind];
    if (label !== this.#label) {
      this.stop();
      this.#label = label;
      this.#bar = this.#console.progress(label, event.total);
    }
    this.#bar?.update(event.done, noteOf(event));
    if (event.done >= event.total) this.stop();
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#label = undefined;
  }
}

function noteOf(event: Bar): string {
  if (event.kind === 'training') return `loss ${event.loss.toFixed(3)}`;
  if (event.kind !== 'trial') return '';
  const where = event.stage === null ? '' : ` on ${describeLayers(event.editor.layers)}`;
  return `${describeEditor(event.editor)}${where}: ${signedPercent(event.drawdown)}`;
}

type Remark = Exclude<JobEvent, Bar | { readonly kind: 'epoch' | 'translation-epoch' }>;

function remarkOf(event: Remark): string {
  if (event.kind === 'byte-pairs') return `Learning ${event.merges} byte pairs from the training text.`;
  if (event.kind === 'resumed')
    return `Continuing the training in ${event.folder} at step ${event.step} of ${event.steps}.`;
  if (event.kind === 'finished-before') return `${event.folder} is trained already; its result is shown again.`;
  return `Skipped ${plural(event.photographs.length, 'photograph')}: ${event.photographs.join(' ')}`;
}
