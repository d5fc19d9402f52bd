/** A client for tests: routes by their names in the table, answers held to their schemas. */
import {
  type JobDocument,
  type JobKind,
  type JobResults,
  type JobStreamEvent,
  type Routes,
  routes,
} from '../src/api/index.js';

type AnswerOf<R> = R extends { readonly answer: infer A }
  ? A extends { readonly schema: { readonly _output: infer V } }
    ? V
    : never
  : never;

export interface Sent {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Client {
  readonly address: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(address: string, headers: Readonly<Record<string, string>> = {}) {
    this.address = address;
    this.#headers = headers;
  }

  /** @throws where the answer is an error, or not what the contract says */
  async call<Name extends keyof Routes>(name: Name, sent: Sent = {}): Promise<AnswerOf<Routes[Name]>> {
    const { answer } = routes[name];
    const response = await this.send(name, sent);
    const document: unknown = await response.json();
    if (response.status !== answer.status) throw new Error(`${name}: ${response.status} ${JSON.stringify(document)}`);
    if (!('schema' in answer)) throw new Error(`${name} does not answer with JSON`);
    return answer.schema.parse(document) as AnswerOf<Routes[Name]>;
  }

  send(name: keyof Routes, { params = {}, query = {}, body, headers = {} }: Sent = {}): Promise<Response> {
    const { method, path } = routes[name];
    const own = path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(String(params[key])));
    const url = new URL(own, this.address);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
    return fetch(url, {
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
    });
  }

  /** Follows a job to its end. @throws where it is not done */
  async done<Kind extends JobKind>(
    job: JobDocument,
    _kind: Kind,
    onEvent: (event: JobStreamEvent) => void = () => {},
  ): Promise<JobResults[Kind]> {
    const end = await this.end(job, onEvent);
    if (end.state !== 'done') throw new Error(`${end.kind} ${end.state}: ${end.error?.message}`);
    return end.result as JobResults[Kind];
  }

  /** What a job ends with, however it ends. */
  async end(job: JobDocument, onEvent: (event: JobStreamEvent) => void = () => {}): Promise<JobDocument> {
    const response = await this.send('jobEvents', { params: { id: job.id } });
    for await (const event of eventsOf(response)) {
      onEvent(event as JobStreamEvent);
      if (event.event === 'end') return event.data as JobDocument;
    }
    throw new Error('the stream ended before the job');
  }
}

export async function* eventsOf(
  response: Response,
): AsyncGenerator<{ readonly event: string; readonly data: unknown }> {
  let text = '';
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    const whole = text.split('\n\n');
    text = whole.pop()!;
    for (const each of whole) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/s.exec(each) ?? [];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
