/** A request's way to its answer: which release gives it, whether the candidate judges it too, and what is counted of it. */
import type { Prediction } from '@editable/workspace';
import { StudioError } from '../errors.js';
import type { Inference } from '../inference/inference.js';
import { type PictureShape, type Pictures, pixelsOf, softmax } from '../inference/tensors.js';
import type { LiveModel } from './live-model.js';
import type { Rollouts } from './rollouts.js';

export interface Asked {
  /** Of the request: decides whether a candidate takes part. */
  readonly id: string;
  readonly pictures: Pictures;
  /** A loaded version; left out: what is served. */
  readonly version?: string | undefined;
}

export interface Answered {
  readonly version: string;
  readonly count: number;
  /** [count, classes] */
  readonly logits: Float32Array;
  /** Pictures that ran together. */
  readonly batch: number;
}

/** What is told of each request, for the metrics. */
export interface AnswerRecord {
  readonly version: string;
  readonly pictures: number;
  /** Milliseconds. */
  readonly queued: number;
  readonly computed: number;
  readonly whole: number;
  /** The error's code; null where it was answered. */
  readonly failure: string | null;
}

export interface AnsweringParts {
  readonly live: LiveModel;
  readonly inference: Inference;
  readonly rollouts: Rollouts;
  readonly picture: Omit<PictureShape, 'most'>;
  readonly classes: readonly string[];
  readonly onAnswer: (record: AnswerRecord) => void;
}

export class Answering {
  readonly #parts: AnsweringParts;

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
  }

  /** @throws StudioError BUSY, NOT_FINITE, NOT_FOUND for a version that is not loaded */
  async answer(asked: Asked): Promise<Answered> {
    const { live, rollouts, inference } = this.#parts;
    if (asked.version !== undefined) {
      if (inference.versions.includes(asked.version)) return this.#run(asked, asked.version);
      throw new StudioError(
        'NOT_FOUND',
        `${asked.version.slice(0, 10)} is not loaded; load it through /v2/repository first.`,
      );
    }
    const served = live.served.version;
    const rollout = rollouts.forRequest(asked.id);
    if (rollout === undefined) return this.#runServed(asked, served);
    const { mode, candidate } = rollout;
    if (mode === 'shadow') {
      const answered = await this.#runServed(asked, served);
      void this.#beside(asked, answered, candidate);
      return answered;
    }
    return this.#canary(asked, served, candidate);
  }

  /** By the candidate; where it fails, by what is served, and the sender does not notice. */
  async #canary(asked: Asked, served: string, candidate: string): Promise<Answered> {
    const { rollouts } = this.#parts;
    try {
      const answered = await this.#run(asked, candidate);
      rollouts.count({ answered: 1 });
      void this.#run(asked, served)
        .then((before) => this.#compare(asked, before, answered))
        .catch(() => {});
      return answered;
    } catch (error) {
      if (isBusy(error)) throw error;
      rollouts.count({ failed: 1 });
      return this.#runServed(asked, served);
    }
  }

  /** Unseen: what fails here is only counted. */
  async #beside(asked: Asked, answered: Answered, candidate: string): Promise<void> {
    try {
      this.#compare(asked, answered, await this.#run(asked, candidate));
    } catch (error) {
      if (!isBusy(error)) this.#parts.rollouts.count({ failed: 1 });
    }
  }

  #compare({ id, pictures }: Asked, before: Answered, after: Answered): void {
    const { classes, picture, rollouts } = this.#parts;
    const [was, is] = [before, after].map((each) => predictionsOf(each, classes)) as [Prediction[], Prediction[]];
    const size = pictures.data.length / pictures.count;
    const different = [...was.keys()].filter((at) => was[at]?.label !== is[at]?.label);
    for (const at of different) {
      rollouts.keepDifference(
        {
          at: new Date().toISOString(),
          request: id,
          served: before.version,
          candidate: after.version,
          before: was[at] as Prediction,
          after: is[at] as Prediction,
        },
        pixelsOf(pictures.data.subarray(at * size, (at + 1) * size), picture),
      );
    }
    rollouts.count({ compared: pictures.count, different: different.length });
  }

  async #runServed(asked: Asked, served: string): Promise<Answered> {
    try {
      const answered = await this.#run(asked, served);
      this.#parts.rollouts.countServed(served, false);
      return answered;
    } catch (error) {
      if (!isBusy(error)) this.#parts.rollouts.countServed(served, true);
      throw error;
    }
  }

  async #run({ pictures: { count, data } }: Asked, version: string): Promise<Answered> {
    const { inference, onAnswer } = this.#parts;
    const started = performance.now();
    const told = { version, pictures: count, queued: 0, computed: 0, failure: null };
    try {
      const { logits, batch, queued, computed } = await inference.answer({ version, pictures: count, data });
      requireFinite(logits, version);
      onAnswer({ ...told, queued, computed, whole: performance.now() - started });
      return { version, count, logits, batch };
    } catch (error) {
      const { code = 'INTERNAL' } = error as { readonly code?: string };
      onAnswer({ ...told, whole: performance.now() - started, failure: code });
      throw error;
    }
  }
}

/** The most probable class of each picture. */
export function predictionsOf(
  { logits, count }: Pick<Answered, 'logits' | 'count'>,
  classes: readonly string[],
): Prediction[] {
  const probabilities = softmax(logits, count);
  const width = classes.length;
  return Array.from({ length: count }, (_, row) => {
    const own = probabilities.subarray(row * width, (row + 1) * width);
    const label = own.reduce((best, value, at) => (value > (own[best] as number) ? at : best), 0);
    return { label, name: classes[label] as string, probability: own[label] as number };
  });
}

function requireFinite(logits: Float32Array, version: string): void {
  if (logits.every(Number.isFinite)) return;
  throw new StudioError('NOT_FINITE', `${version.slice(0, 10)} gives numbers that are not finite for this input.`);
}

/** Not the network's fault. */
const isBusy = (error: unknown): boolean =>
  ['BUSY', 'UNAVAILABLE'].includes((error as { readonly code?: string }).code ?? '');
