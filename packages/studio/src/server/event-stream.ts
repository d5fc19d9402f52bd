/** Server-sent events: a stream for each listener, kept open, closed with the server. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { StudioError } from '../errors.js';

export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

const heartbeat = 15_000;
/** A listener that reads nothing is let go. */
const mostUnread = 1000;

export class EventStreams {
  readonly #most: number;
  readonly #open = new Set<Readable>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Answers with a stream. `begin` is given what sends an event and what ends the stream, and returns what stops the sending.
   *
   * @throws StudioError BUSY where too many are open
   */
  answer(
    reply: FastifyReply,
    begin: (send: (event: StreamEvent) => void, end: () => void) => () => void,
  ): FastifyReply {
    if (this.#open.size >= this.#most)
      throw new StudioError('BUSY', `${this.#open.size} event streams are open already; close some.`);
    const stream = new Readable({ read: () => {}, highWaterMark: 2 ** 20 });
    let stop: () => void = () => {};
    let unread = 0;
    const push = (text: string): void => {
      if (stream.destroyed || stream.readableEnded) return;
      unread = stream.push(text) ? 0 : unread + 1;
      if (unread > mostUnread) stream.destroy();
    };
    let ended = false;
    const end = (): void => {
      if (!ended) stream.push(null);
      ended = true;
    };
    const beat = setInterval(() => push(': here\n\n'), heartbeat).unref();
    stream.once('close', () => {
      clearInterval(beat);
      stop();
      this.#open.delete(stream);
    });
    this.#open.add(stream);
    stop = begin(({ event, data }) => {
      if (!ended) push(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    }, end);
    return reply
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .type('text/event-stream')
      .send(stream);
  }

  close(): void {
    for (const stream of this.#open) stream.push(null);
  }
}

/** Passes events on to whoever listens. */
export class EventHub<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  emit(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns what ends the listening. */
  listen(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
