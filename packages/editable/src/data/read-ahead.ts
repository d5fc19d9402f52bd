/** Reads what the next steps need while one is worked on; how far ahead bounds the memory. */

export interface ReadAheadOptions {
  /** Steps that are read beyond the one asked for; 0: none. */
  readonly ahead: number;
  /** The step after the last. */
  readonly end: number;
}

/** Results of an asynchronous read by step, a few steps ahead of the one that is asked for. */
export class ReadAhead<Result> {
  readonly #read: (step: number) => Promise<Result>;
  readonly #options: ReadAheadOptions;
  #begun = new Map<number, Promise<Result>>();

  constructor(read: (step: number) => Promise<Result>, options: ReadAheadOptions) {
    this.#read = read;
    this.#options = options;
  }

  /** What belongs to a step; steps are asked for in their order, from any one on. */
  at(step: number): Promise<Result> {
    const { ahead, end } = this.#options;
    const next = new Map<number, Promise<Result>>();
    for (let each = step; each === step || (each <= step + ahead && each < end); each++) {
      next.set(each, this.#begun.get(each) ?? this.#begin(each));
    }
    const wanted = next.get(step) as Promise<Result>;
    next.delete(step);
    this.#begun = next;
    return wanted;
  }

  #begin(step: number): Promise<Result> {
    const begun = this.#read(step);
    // A failure is told to the one who asks for the step, not before.
    begun.catch(() => {});
    return begun;
  }
}
