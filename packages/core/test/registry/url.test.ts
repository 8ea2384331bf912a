import * as fc from 'fast-check';
import { InvalidArgumentError } from '../../src/errors.ts';
import { formatUrl, parseUrl, schemeOf, type ParsedUrl } from '../../src/registry/url.ts';

const nothing: ParsedUrl = {
  scheme: 'amqp',
  hostname: undefined,
  port: undefined,
  userid: undefined,
  password: undefined,
  virtualHost: undefined,
  query: {},
  ssl: undefined,
};

function refusal(url: string): string {
  try {
    parseUrl(url);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as Error).message;
  }
  throw new Error(`${url} was accepted`);
}

describe('parseUrl', () => {
  const full = { userid: 'user', password: 'pass', hostname: 'host', port: 10_000 };
  it.each<[string, Partial<ParsedUrl>]>([
    ['amqp://user:pass@host:10000/vhost', { ...full, virtualHost: 'vhost' }],
    [
      'amqp://user%61:%61pass@ho%61st:10000/v%2fhost',
      { userid: 'usera', password: 'apass', hostname: 'hoast', port: 10_000, virtualHost: 'v/host' },
    ],
    ['amqp://', {}],
    ['amqp://:@/', {}],
    ['amqp://user@/', { userid: 'user' }],
    ['amqp://user:pass@/', { userid: 'user', password: 'pass' }],
    ['amqp://host', { hostname: 'host' }],
    ['amqp://:10000', { port: 10_000 }],
    ['amqp:///vhost', { virtualHost: 'vhost' }],
    ['amqp://host/', { hostname: 'host' }],
    ['amqp://host/%2f', { hostname: 'host', virtualHost: '/' }],
    ['amqp://[::1]', { hostname: '::1' }],
  ])("behaviour 1: reads %s of the appendix of RabbitMQ's URI specification", (url, parts) => {
    expect(parseUrl(url)).toEqual({ ...nothing, ...parts });
  });

  it.each<[string, Partial<ParsedUrl>]>([
    ['amqp://h//', { hostname: 'h', virtualHost: '/' }],
    ['amqp://h/foo/bar', { hostname: 'h', virtualHost: 'foo/bar' }],
    ['amqp://h//foo', { hostname: 'h', virtualHost: '/foo' }],
    ['amqp://Host.Example:1/V', { hostname: 'host.example', port: 1, virtualHost: 'V' }],
    ['SQS://KEY:SECRET@', { scheme: 'sqs', userid: 'KEY', password: 'SECRET' }],
    ['redis://:pw@h:6379/2', { scheme: 'redis', password: 'pw', hostname: 'h', port: 6379, virtualHost: '2' }],
    [
      'redis+socket:///tmp/r.sock?virtual_host=2',
      { scheme: 'redis+socket', virtualHost: 'tmp/r.sock', query: { virtual_host: '2' } },
    ],
    [
      'amqp://u:p@[FE80::1%25eth0]:5672//',
      { userid: 'u', password: 'p', hostname: 'fe80::1%eth0', port: 5672, virtualHost: '/' },
    ],
    ['mongodb://h1,H2:27017,[::1]:3/db', { scheme: 'mongodb', hostname: 'h1,h2:27017,[::1]:3', virtualHost: 'db' }],
    ['amqp://h?a=1&b=%26+%3D&c&&d==', { hostname: 'h', query: { a: '1', b: '&+=', c: '', d: '=' } }],
    ['amqp://h/v?', { hostname: 'h', virtualHost: 'v' }],
    ['amqp://h/100%#x', { hostname: 'h', virtualHost: '100%#x' }],
    ['amqp://h/v@x', { hostname: 'h', virtualHost: 'v@x' }],
    [
      'redis://h/0?client_name=a@b',
      { scheme: 'redis', hostname: 'h', virtualHost: '0', query: { client_name: 'a@b' } },
    ],
    ['localhost', { hostname: 'localhost' }],
    ['10.0.0.1:5673', { hostname: '10.0.0.1', port: 5673 }],
    ['[::1]:5673', { hostname: '::1', port: 5673 }],
  ])('reads %s', (url, parts) => {
    expect(parseUrl(url)).toEqual({ ...nothing, ...parts });
  });

  it.each([
    'pa/ss',
    '/ss',
    'p#s',
    'p?s',
    'p@s',
    'p@@',
    ':',
    'p%',
    '%zz',
    '50%é',
    'a/b?c#d',
    'a/b@',
    'p;s',
    'p s',
    '[1]',
    'p\\"<',
  ])('takes the password %s as it is typed', (password) => {
    expect(parseUrl(`amqp://user:${password}@host:1/v`)).toEqual({
      ...nothing,
      userid: 'user',
      password,
      hostname: 'host',
      port: 1,
      virtualHost: 'v',
    });
  });

  it('takes any typed password, or refuses the URL, but never reads another one', () => {
    // What cannot stand for itself: valid escapes.
    const typed = fc.string({ unit: 'binary-ascii', minLength: 1 }).filter((text) => !/%[\da-f]{2}/i.test(text));
    const length = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(
        typed,
        fc.constantFrom('host', 'host:5672', ''),
        fc.constantFrom('', '/', '/v', '/v?a=1'),
        (password, host, rest) => {
          const url = `amqp://user:${password}@${host}${rest}`;
          let parsed;
          try {
            parsed = parseUrl(url);
          } catch {
            length.refused += 1;
            return;
          }
          length.accepted += 1;
          expect(parsed).toMatchObject({ userid: 'user', password });
          expect(parsed.hostname).toBe(host === '' ? undefined : 'host');
        },
      ),
      { numRuns: 1000 },
    );
    expect(length.accepted).toBeGreaterThan(length.refused * 10);
  });

  it.each([
    'amqp://u:p@h/a@b',
    'amqp://h:5672/v@x',
    'sqs://KEY:12/abc@',
    'amqp://u:p@h/?name=a@b',
    'amqp://us/er:pw@h',
  ])('refuses %s, which has two meanings', (url) => {
    expect(refusal(url)).toMatch(/more than one meaning; write .* %2F .* %40/);
  });

  it('reads the same URL when it is encoded as the refusal says', () => {
    expect(parseUrl('amqp://u:p@h/a%40b')).toMatchObject({ password: 'p', hostname: 'h', virtualHost: 'a@b' });
    expect(parseUrl('amqp://u:p@h%2Fa@b'.replace('p@h', 'p%40h'))).toMatchObject({ password: 'p@h/a', hostname: 'b' });
  });

  it.each([
    ['amqp://h:0/', 'the port is not between 1 and 65535'],
    ['amqp://h:65536', 'the port is not between 1 and 65535'],
    ['amqp://h:/v', 'the port is not a number'],
    ['amqp://user:hunter2', 'the port is not a number'],
    ['amqp://::1/', 'an IPv6 address needs brackets'],
    ['amqp://[::g]/', 'not a host name'],
    ['amqp://[::1/', 'the port is not a number'],
    ['amqp://ho st/', 'not a host name'],
    ['amqp://h%2fx/', 'not a host name'],
    ['amqp://a,,b/', 'a host is empty'],
    ['amqp://a,b:x/', 'the port is not a number'],
    ['amqp://h/%ff', 'write a literal % as %25'],
    ['amqp://u:%e2%28@h/', 'write a literal % as %25'],
    ['amqp://h?a=1&a=2', 'the parameter "a" is given twice'],
    ['amqp:/h', 'it has no scheme'],
    ['u:p@h', 'it has no scheme'],
    ['', 'it has no scheme'],
  ])('refuses %s', (url, reason) => {
    expect(refusal(url)).toContain(reason);
  });

  it.each([
    'amqp://user:hunter2@host:99999/v',
    'amqp://user:hunter2',
    'amqp://user:hunter2@ho st',
    'user:hunter2@host',
    'amqp://user:hunter2@h/v@x',
    'amqp://user:hunter2%ff@h',
    'amqp://user:hunter2@h?a=1&a=2',
    'amqp://h?password=hunter2&a&a',
    'amqp://h?ssl_password=hunter2&ssl_cert_reqs=x',
  ])('refuses %s without telling the secret', (url) => {
    expect(refusal(url)).not.toContain('hunter2');
  });

  it('gathers the parameters of TLS', () => {
    const url =
      'rediss://h/0?a=1&ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=False&ssl_ca_certs=%2Fvar%2Fca.pem&ssl_keyfile=/k';
    expect(parseUrl(url)).toMatchObject({
      query: { a: '1' },
      ssl: {
        ssl_cert_reqs: 'required',
        ssl_check_hostname: false,
        ssl_ca_certs: '/var/ca.pem',
        ssl_keyfile: '/k',
      },
    });
  });

  it.each([
    ['required', 'required'],
    ['CERT_OPTIONAL', 'optional'],
    ['none', 'none'],
    ['cert_none', 'none'],
  ])('reads ssl_cert_reqs=%s', (value, read) => {
    expect(parseUrl(`rediss://h?ssl_cert_reqs=${value}`).ssl).toEqual({ ssl_cert_reqs: read });
  });

  it('refuses words of TLS that it does not know', () => {
    expect(refusal('rediss://h?ssl_cert_reqs=badvalue')).toContain('ssl_cert_reqs must be one of');
    expect(refusal('rediss://h?ssl_check_hostname=perhaps')).toContain('ssl_check_hostname must be true or false');
  });

  it('keeps parameters named like parts of Object.prototype to itself', () => {
    const { query } = parseUrl('amqp://h?__proto__=x&constructor=y');
    expect(Object.entries(query)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('schemeOf', () => {
  it('is in lower case, and amqp without one', () => {
    expect(schemeOf('SQS://x')).toBe('sqs');
    expect(schemeOf('mongodb+srv://x')).toBe('mongodb+srv');
    expect(schemeOf('localhost:5672')).toBe('amqp');
  });
});

describe('formatUrl', () => {
  // Any JavaScript string, lone surrogates too.
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    fc.string({ unit: fc.constantFrom(...'/?#@:%;&=+[], 2fF'.split('')) }),
  );
  const part = fc.option(
    anyText.map((text) => text || undefined),
    { nil: undefined },
  );
  const ssl = fc.dictionary(fc.constantFrom('ssl_ca_certs', 'ssl_password', 'ssl_x'), anyText, {
    minKeys: 1,
    noNullPrototype: true,
  });
  const parsed: fc.Arbitrary<ParsedUrl> = fc
    .record({
      scheme: fc.constantFrom('amqp', 'redis+socket', 'sqs'),
      hostname: fc.constantFrom(undefined, 'host', '10.0.0.1', '::1', 'fe80::1%eth0', 'müller.example', 'a,b:1,[::1]'),
      port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
      userid: part,
      password: part,
      virtualHost: part,
      query: fc.dictionary(
        anyText.filter((name) => !name.startsWith('ssl_')),
        anyText,
        { noNullPrototype: true },
      ),
      ssl: fc.option(ssl, { nil: undefined }),
    })
    .map((url) => (url.hostname?.includes(',') ? { ...url, port: undefined } : url));

  it('prints what parseUrl reads back', () => {
    fc.assert(
      fc.property(parsed, (parts) => {
        expect(parseUrl(formatUrl(parts, { includePassword: true }))).toEqual(parts);
      }),
      { numRuns: 500 },
    );
  });

  it('prints the boolean of TLS that parseUrl reads back', () => {
    const parts = { ...nothing, hostname: 'h', ssl: { ssl_check_hostname: false, ssl_cert_reqs: 'none' } };
    expect(parseUrl(formatUrl(parts))).toEqual(parts);
  });

  it('masks the secrets unless told otherwise', () => {
    const parts = {
      scheme: 'amqp',
      userid: 'user',
      password: 'p@ss',
      hostname: 'localhost',
      port: 5672,
      virtualHost: 'my/vhost',
      query: { token: 'x y', name: 'a b' },
    };
    expect(formatUrl(parts)).toBe('amqp://user:**@localhost:5672/my/vhost?token=**&name=a%20b');
    expect(formatUrl(parts, { mask: 'xxx' })).toBe('amqp://user:xxx@localhost:5672/my/vhost?token=xxx&name=a%20b');
    expect(formatUrl(parts, { includePassword: true })).toBe(
      'amqp://user:p%40ss@localhost:5672/my/vhost?token=x%20y&name=a%20b',
    );
  });

  it.each([
    [{ scheme: 'https' }, 'https:///'],
    [{ scheme: 'https', hostname: 'e.com', port: 80 }, 'https://e.com:80/'],
    [{ scheme: 'https', hostname: 'e.com', userid: 'u' }, 'https://u@e.com/'],
    [{ scheme: 'https', hostname: 'e.com', password: 'p', virtualHost: '/foo' }, 'https://:**@e.com//foo'],
    [{ scheme: 'amqp', hostname: '::1', virtualHost: '/' }, 'amqp://[::1]//'],
    [{ scheme: 'redis+socket', virtualHost: 'var/spool/redis.sock' }, 'redis+socket:///var/spool/redis.sock'],
  ])('prints %j', (parts, url) => {
    expect(formatUrl(parts)).toBe(url);
  });
});
