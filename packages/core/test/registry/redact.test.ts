import * as fc from 'fast-check';
import { formatUrl, isSecretName, redactText, redactUrl } from '../../src/registry/url.ts';

// Three characters at least, and nothing that the rest of the URLs below consists of.
const password = fc
  .oneof(
    fc.string({ unit: 'binary-ascii', minLength: 3, maxLength: 40 }),
    fc.string({ unit: 'binary', minLength: 3 }),
    fc.string({ unit: fc.constantFrom(...'/?#@:%;&=+[], 1'.split('')), minLength: 3 }),
    fc.base64String({ minLength: 8 }),
  )
  .map((text) => `§${text}`);

describe('redactUrl', () => {
  it.each([
    ['amqp://user:secret@host:5672/v', 'amqp://user:**@host:5672/v'],
    ['amqp://:secret@host', 'amqp://:**@host'],
    ['amqp://user:@host', 'amqp://user:@host'],
    ['amqp://user@host/v', 'amqp://user@host/v'],
    ['amqp://host:5672/v@x?y=z', 'amqp://host:**@x?y=z'],
    ['amqp://host/v@x', 'amqp://host/v@x'],
    ['redis://h/0?client_name=a@b', 'redis://h/0?client_name=a@b'],
    ['amqp://[::1]:5672/', 'amqp://[::1]:5672/'],
    ['redis://h/0?password=x&db=1', 'redis://h/0?password=**&db=1'],
    ['redis://h/0?pass%77ord=p@ss&db=1', 'redis://h/0?pass%77ord=**&db=1'],
    ['redis://u:p@h/0?db=1&sasToken=x', 'redis://u:**@h/0?db=1&sasToken=**'],
    ['redis://h:1/?password=a@b', 'redis://h:**'],
    ['sqs://KEY:a/b+c=@', 'sqs://KEY:**@'],
    ['azureservicebus://policy:k/e+y=@namespace', 'azureservicebus://policy:**@namespace'],
    ['azureservicebus://DefaultAzureCredential@namespace', 'azureservicebus://DefaultAzureCredential@namespace'],
    [
      'azurestoragequeues://k/e+y==@https://a.queue.core.windows.net',
      'azurestoragequeues://**@https://a.queue.core.windows.net',
    ],
    ['azurestoragequeues://sv=1&sig=abc&se=00:00@https://a.example', 'azurestoragequeues://**@https://a.example'],
    [
      'azurestoragequeues://ManagedIdentityCredential@https://a.example',
      'azurestoragequeues://ManagedIdentityCredential@https://a.example',
    ],
    ['redis://bG9uZ2tleQ==@h', 'redis://**@h'],
    // Malformed ones.
    ['amqp://user:secret@host:99999/v', 'amqp://user:**@host:99999/v'],
    ['amqp://user:secret', 'amqp://user:**'],
    ['user:secret@host', 'user:**@host'],
    ['amqp://user:80/x@host:port/v', 'amqp://user:**@host:port/v'],
    ['localhost:5672', 'localhost:5672'],
    ['', ''],
  ])('turns %s into %s', (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted);
  });

  it('uses the mask that it is given', () => {
    expect(redactUrl('amqp://u:p@h?token=t', 'XX')).toBe('amqp://u:XX@h?token=XX');
  });

  it('never tells the password, typed or encoded, in good URLs and bad ones', () => {
    const frames: readonly ((secret: string) => string)[] = [
      (secret) => `amqp://user:${secret}@host:5672/v`,
      (secret) => `sqs://user:${secret}@`,
      (secret) => `amqp://user:${secret}@host:noport/v?a=b`,
      (secret) => `amqp://user:${secret}@ho st`,
      (secret) => `amqp://user:${secret}@host/a@b`,
      (secret) => `user:${secret}@host`,
      (secret) => `://user:${secret}@host`,
      (secret) => `amqp:user:${secret}@host`,
      (secret) => `amqp://us/er:${secret}@host`,
      (secret) => `amqp://user:${secret}`,
      (secret) => `azurestoragequeues://${secret}@https://account.example`,
      (secret) =>
        formatUrl({ scheme: 'redis', hostname: 'host', query: { password: secret } }, { includePassword: true }),
      (secret) => formatUrl({ scheme: 'amqp', userid: 'user', password: secret }, { includePassword: true }),
      (secret) => formatUrl({ scheme: 'amqp', userid: 'user', password: secret }),
    ];
    fc.assert(
      fc.property(password, fc.constantFrom(...frames), (secret, frame) => {
        const redacted = redactUrl(frame(secret));
        expect(redacted).not.toContain(secret);
        expect(redacted).not.toContain('§');
        expect(redacted).not.toContain('%C2%A7');
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a:/@?&=%[];,f'.split('')) }), (text) => void redactUrl(text)),
    );
  });
});

describe('isSecretName', () => {
  it.each(['password', 'ssl_password', 'sasToken', 'AccountKey', 'sig', 'aws_secret_access_key', 'credentials', 'pwd'])(
    'suspects %s',
    (name) => {
      expect(isSecretName(name)).toBe(true);
    },
  );

  it.each(['ssl_keyfile', 'global_keyprefix', 'design', 'heartbeat', 'authSource', 'compass', ''])(
    'does not suspect %p',
    (name) => {
      expect(isSecretName(name)).toBe(false);
    },
  );
});

describe('redactText', () => {
  it.each([
    ['no URL here: none@example.com', 'no URL here: none@example.com'],
    ['connect to amqp://u:secret@h:5672/ failed', 'connect to amqp://u:**@h:5672/ failed'],
    [
      'Invalid URL "amqp://u:secret@h", see https://x.example/doc.',
      'Invalid URL "amqp://u:**@h", see https://x.example/doc.',
    ],
    ['amqp://u:secret@a;redis://:secret@b,sqs://K:secret@', 'amqp://u:**@a;redis://:**@b,sqs://K:**@'],
    ['lost amqp://h:5672: ask admin@example.com', 'lost amqp://h:5672: ask admin@example.com'],
    ['key azurestoragequeues://secret==@https://a.example x', 'key azurestoragequeues://**@https://a.example x'],
    ["bad 'amqp://u:se cret'x@h'", "bad 'amqp://u:**@h'"],
    ['amqp://u:secret is no URL', 'amqp://u:** is no URL'],
  ])('turns %s into %s', (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });

  it('masks the secrets that the caller knows, also encoded', () => {
    expect(redactText('login of u with s/crt (s%2Fcrt) refused', ['s/crt'])).toBe('login of u with ** (**) refused');
    expect(redactText('abab', ['a', '', 'ab'])).toBe('abab');
  });

  it('never tells a password without blanks or quotes inside a URL', () => {
    const word = password.filter((secret) => !/[\s"'`<>]/.test(secret) && !/\w:\/\//.test(secret));
    fc.assert(
      fc.property(word, fc.constantFrom('h', 'h:1/v', 'h:bad'), (secret, tail) => {
        expect(redactText(`cannot use "amqp://user:${secret}@${tail}", nor amqp://ok`)).not.toContain('§');
      }),
      { numRuns: 1000 },
    );
  });

  it('never tells a secret that the caller knows', () => {
    fc.assert(
      fc.property(password, fc.string({ unit: 'binary' }), (secret, text) => {
        expect(redactText(`${text}${secret} amqp://user:${secret}@h${text}`, [secret])).not.toContain(secret);
      }),
    );
  });
});
