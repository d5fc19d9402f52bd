/** A translation model as its server calls it: one request after another, at most so many sentences waiting. */
import { StudioError } from '../errors.js';
import { CallingThread } from '../threads/calling-thread.js';
import type { TranslateCall, Translation, TranslatorAbout, TranslatorData } from './translation-calls.js';

export class TranslationThread {
  readonly #thread: CallingThread;
  readonly #most: number;
  #waiting = 0;

  constructor(data: TranslatorData, { most }: { readonly most: number }) {
    this.#thread = new CallingThread(new URL('./translation-worker.js', import.meta.url), data);
    this.#most = most;
  }

  /** Sentences that wait or are translated now. */
  get waiting(): number {
    return this.#waiting;
  }

  describe(): Promise<TranslatorAbout> {
    return this.#thread.call('describe', null);
  }

  /** @throws StudioError BUSY where too many wait; ThreadError INVALID_ARGUMENT for a sentence or a beam that cannot be */
  async translate(call: TranslateCall): Promise<readonly Translation[]> {
    const { length } = call.sentences;
    if (this.#waiting > 0 && this.#waiting + length > this.#most)
      throw new StudioError(
        'BUSY',
        `${this.#waiting} sentences wait already, of at most ${this.#most}; try again shortly.`,
      );
    this.#waiting += length;
    try {
      return await this.#thread.call('translate', call);
    } finally {
      this.#waiting -= length;
    }
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
