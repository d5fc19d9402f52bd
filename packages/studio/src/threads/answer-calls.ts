/** A thread's own side: takes calls one after another and answers each. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { type Call, plainError, type Reply } from './calls.js';

export interface CallContext {
  /** Tells the caller something before the end. */
  note(note: unknown): void;
  /** Aborted once the caller wants the call to end. */
  readonly signal: AbortSignal;
}

export type CallHandlers = Readonly<
  Record<
    string,
    (
      input: never,
      context: CallContext,
    ) =>
      | { readonly result: unknown; readonly transfer?: ArrayBuffer[] }
      | Promise<{ readonly result: unknown; readonly transfer?: ArrayBuffer[] }>
  >
>;

/** Answers for as long as the thread lives. */
export function answerCalls(handlers: CallHandlers): void {
  const port = parentPort as MessagePort;
  let last: Promise<void> = Promise.resolve();
  port.on('message', (call: Call) => {
    last = last.then(() => answer(port, handlers, call));
  });
}

async function answer(port: MessagePort, handlers: CallHandlers, call: Call): Promise<void> {
  const { id, name, input } = call;
  const reply = (message: Reply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  try {
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`this thread does not know "${name}"`);
    const context = { note: (note: unknown) => reply({ id, note }), signal: sharedSignal(call.cancelled) };
    const { result, transfer } = await handler(input as never, context);
    reply({ id, result }, transfer);
  } catch (error) {
    reply({ id, error: plainError(error) });
  }
}

/** Looks at the caller's wish itself: a thread that computes reads no messages. */
function sharedSignal(cancelled: SharedArrayBuffer): AbortSignal {
  const flag = new Int32Array(cancelled);
  const { signal } = new AbortController();
  return Object.defineProperty(signal, 'aborted', { get: () => Atomics.load(flag, 0) === 1 });
}
