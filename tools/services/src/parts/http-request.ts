import { request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * One HTTP request over a connection of its own, which is closed after it: a server that shuts down waits for those that
 * `fetch` keeps. Fails after 20 seconds.
 */
export function httpRequest(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, 'content-length': Buffer.byteLength(body) } };
    const sent = request(url, { ...options, agent: false, signal: AbortSignal.timeout(20_000) }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
