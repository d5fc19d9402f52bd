/** What a thread is asked and answers: plain data, as `postMessage` carries it. */

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
  /** An Int32: 1 once the caller wants it to end. Seen between two steps, even while the thread reads no messages. */
  readonly cancelled: SharedArrayBuffer;
}

/** An error as another thread can have it. */
export interface PlainError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export type Reply =
  | { readonly id: number; readonly note: unknown }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: PlainError };

export const plainError = (error: unknown): PlainError => {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const { code } = error as { readonly code?: unknown };
  return { name, message, stack, code: typeof code === 'string' ? code : 'INTERNAL' };
};

/** What failed in a thread, with the code that it had there. */
export class ThreadError extends Error {
  override readonly name = 'ThreadError';
  readonly code: string;

  constructor({ code, message, name, stack }: PlainError) {
    super(message);
    this.code = code;
    this.stack = stack ?? `${name}: ${message}`;
  }
}
