/** Server-sent events by fetch: other than EventSource, it ends with an AbortSignal and says why the server refuses. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { ask } from './call.js';

/** Each event as the contract types it, until the server ends the stream. @throws RefusedError */
export async function* eventsAt<Event extends { readonly event: string; readonly data: unknown }>(
  address: string,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const { body } = await ask(address, { signal, headers: { accept: 'text/event-stream' } });
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield { event: value.event ?? 'message', data: JSON.parse(value.data) } as unknown as Event;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
