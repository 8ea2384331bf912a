import { httpRequest } from '../parts/http-request.ts';

/** The HTTP API of RabbitMQ's management plugin. */
export class ManagementApi {
  readonly #base: string;
  readonly #authorization: string;

  /** `url` holds user name and password. */
  constructor(url: string) {
    const { origin, username, password } = new URL(url);
    this.#base = `${origin}/api`;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }

  /** Sends a request and returns the JSON of the answer, undefined when that is empty. Throws unless it succeeded. */
  async send(method: string, path: string, body?: unknown): Promise<unknown> {
    const headers = { authorization: this.#authorization, 'content-type': 'application/json' };
    const json = body === undefined ? '' : JSON.stringify(body);
    const { status, text } = await httpRequest(method, `${this.#base}${path}`, headers, json);
    if (status >= 300) throw new Error(`${method} ${this.#base}${path} answered ${status}: ${text.slice(0, 500)}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }

  async answers(): Promise<boolean> {
    await this.send('GET', '/overview');
    return true;
  }

  /** Lets a user configure, write and read what matches these regular expressions in a virtual host; everything by default. */
  async permit(user: string, vhost: string, permissions: Permissions = {}): Promise<void> {
    const path = `/permissions/${encodeURIComponent(vhost)}/${encodeURIComponent(user)}`;
    await this.send('PUT', path, { configure: '.*', write: '.*', read: '.*', ...permissions });
  }
}

/** Regular expressions for names; `''` matches none. */
export interface Permissions {
  readonly configure?: string;
  readonly write?: string;
  readonly read?: string;
}
