import type { Target } from '@kombu/core/spi';
import { InvalidArgumentError, redactUrl } from '@kombu/core/spi';

export const scheme = 'azurestoragequeues';

const start = `${scheme}://`;
const example = `${start}<key, SAS or DefaultAzureCredential>@https://<account>.queue.core.windows.net`;

/** What stands for a secret in a URL, and is none. */
export const credentialNames = ['DefaultAzureCredential', 'ManagedIdentityCredential'] as const;

/** An account, as its URL names it. */
export interface Account {
  /** Where the service is, without a slash at the end: `https://account.queue.core.windows.net`. */
  readonly endpoint: string;
  readonly name: string;
  readonly isSecure: boolean;
}

/**
 * Reads `azurestoragequeues://SECRET@https://account.queue.core.windows.net`, Kombu's form, cut at the last `@`. The secret
 * is taken as it stands, and becomes the password of the target. The account may come without `https://`, and with options in
 * its query.
 *
 * @throws InvalidArgumentError that does not quote the secret.
 */
export function parseAccountUrl(url: string): Partial<Target> {
  const { secret, account } = split(url);
  const parsed = readAccount(url, account);
  const parameters = Array.from(parsed.searchParams);
  const path = parsed.pathname.replaceAll(/^\/|\/$/g, '');
  return {
    scheme,
    hostname: parsed.hostname.replaceAll(/[[\]]/g, ''),
    port: parsed.port === '' ? undefined : Number(parsed.port),
    password: secret === '' ? undefined : secret,
    virtualHost: path === '' ? undefined : path,
    query: Object.fromEntries(parameters.filter((each) => !isSsl(each))),
    ssl: parameters.some(isSsl) ? Object.fromEntries(parameters.filter(isSsl)) : undefined,
  };
}

/** Where the account of a URL is. Emulators have its name in the path, Azure in the name of the host. */
export function accountOf(url: string): Account {
  const { protocol, host, hostname, pathname } = readAccount(url, split(url).account);
  const path = pathname.replace(/\/$/, '');
  const name = path === '' ? hostname.split('.', 1)[0] : path.slice(1);
  return { endpoint: `${protocol}//${host}${path}`, name: name ?? '', isSecure: protocol === 'https:' };
}

/** Masks the secret, whatever it looks like; the name of a kind of credential stays. */
export function redactAccountUrl(url: string, mask: string): string {
  const { secret, account } = split(url);
  // What is no account may be the end of a secret, or a secret whose account was forgotten.
  const isAccount = url.includes('@') ? fullUrl(account) !== undefined : hasScheme.test(account);
  if (!isAccount) return start + mask;
  const shown = redactUrl(account, mask);
  if (!url.includes('@')) return start + shown;
  const isName = credentialNames.some((name) => name.toLowerCase() === secret.toLowerCase());
  return `${start}${isName ? secret : mask}@${shown}`;
}

function split(url: string): { readonly secret: string; readonly account: string } {
  const rest = url.startsWith(start) ? url.slice(start.length) : url;
  const at = rest.lastIndexOf('@');
  return { secret: rest.slice(0, Math.max(0, at)), account: rest.slice(at + 1) };
}

function readAccount(url: string, account: string): URL {
  const full = fullUrl(account);
  if (full) return full;
  throw new InvalidArgumentError(`${redactAccountUrl(url, '**')} names no account: write ${example}`);
}

function isSsl([name]: readonly [string, string]): boolean {
  return name.startsWith('ssl_');
}

const hasScheme = /^https?:\/\//i;

function fullUrl(account: string): URL | undefined {
  const full = hasScheme.test(account) ? account : `https://${account}`;
  return URL.canParse(full) && !full.includes('#') ? new URL(full) : undefined;
}
