/** A request as raw as HTTP lets it be: `fetch` mends addresses and hides headers. */
import { request } from 'node:http';

export function raw(
  address: string,
  { method = 'GET', path = '/', headers = {}, body = '' }: RawRequest,
): Promise<{ readonly status: number; readonly text: string; readonly headers: Readonly<Record<string, unknown>> }> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    // Said for every method: after a HEAD without it, Node would send the body as if it were the next request.
    const length = body.length === 0 ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request({ hostname, port, method, path, headers: { ...headers, ...length } }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.once('end', () => resolve({ status: response.statusCode!, text, headers: response.headers }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}
