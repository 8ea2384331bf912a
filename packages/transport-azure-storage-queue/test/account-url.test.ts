import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { accountOf, parseAccountUrl, redactAccountUrl } from '../src/account-url.ts';
import { accessFor } from '../src/credentials.ts';
import { targetOf } from './support/stores.ts';

const host = 'account.queue.core.windows.net';
const key = 'sec/ret+key==';

describe('the URL of an account', () => {
  it('is cut at the last @, and its secret is taken as it stands', () => {
    expect(parseAccountUrl(`azurestoragequeues://${key}@https://${host}`)).toEqual({
      scheme: 'azurestoragequeues',
      hostname: host,
      port: undefined,
      password: key,
      virtualHost: undefined,
      query: {},
      ssl: undefined,
    });
    expect(parseAccountUrl(`azurestoragequeues://a@b:c%2F@https://${host}`).password).toBe('a@b:c%2F');
  });

  it('may have options and TLS files in its query', () => {
    const { query, ssl, port, virtualHost } = parseAccountUrl(
      `azurestoragequeues://${key}@http://127.0.0.1:10001/devstoreaccount1?queue_name_prefix=a&ssl_ca_certs=/ca.pem`,
    );
    expect({ query, ssl, port, virtualHost }).toEqual({
      query: { queue_name_prefix: 'a' },
      ssl: { ssl_ca_certs: '/ca.pem' },
      port: 10_001,
      virtualHost: 'devstoreaccount1',
    });
  });

  it.each([
    [`${key}@https://${host}`, `https://${host}`, 'account', true],
    [`${key}@${host}`, `https://${host}`, 'account', true],
    [`${key}@https://${host}/`, `https://${host}`, 'account', true],
    [
      `${key}@http://127.0.0.1:10001/devstoreaccount1`,
      'http://127.0.0.1:10001/devstoreaccount1',
      'devstoreaccount1',
      false,
    ],
    [`https://${host}`, `https://${host}`, 'account', true],
  ])('names the account: %s', (rest, endpoint, name, isSecure) => {
    expect(accountOf(`azurestoragequeues://${rest}`)).toEqual({ endpoint, name, isSecure });
  });

  it.each(['', 'secretkey@', 'secretkey@https://', 'secretkey@https://a b', 'secretkey@https://h#x'])(
    'without an account is refused, and the secret is not shown: %j',
    (rest) => {
      expect(() => parseAccountUrl(`azurestoragequeues://${rest}`)).toThrow(/names no account/);
      expect(() => parseAccountUrl(`azurestoragequeues://${rest}`)).not.toThrow(/secretkey/);
    },
  );

  it('shows no secret, whatever that is made of', () => {
    const secret = fc.string({ minLength: 8, maxLength: 40 }).map((text) => `S3${text}cr3t`);
    fc.assert(
      fc.property(secret, (text) => {
        const shown = redactAccountUrl(`azurestoragequeues://${text}@https://${host}`, '**');
        expect(shown).toBe(`azurestoragequeues://**@https://${host}`);
        const alone = text.replaceAll('@', '');
        expect(redactAccountUrl(`azurestoragequeues://${alone}`, '**')).toBe('azurestoragequeues://**');
      }),
    );
  });

  it('shows which kind of credential it asks for', () => {
    const url = `azurestoragequeues://DefaultAzureCredential@https://${host}`;
    expect(redactAccountUrl(url, '**')).toBe(url);
  });
});

const access = (secret: string, given?: { getToken: () => Promise<null> }, at = `https://${host}`) => {
  const url = `azurestoragequeues://${secret}@${at}`;
  return accessFor(targetOf(url), accountOf(url), given);
};

describe('access', () => {
  it('is by key, unless the secret has a signature in it', async () => {
    expect((await access(key)).credential).toMatchObject({ accountName: 'account' });
    expect(await access('?sv=2024&sig=a%2Bb')).toMatchObject({ signature: 'sv=2024&sig=a%2Bb' });
    expect(await access('sv=2024&sig=a%2Bb')).toMatchObject({ signature: 'sv=2024&sig=a%2Bb' });
  });

  it('is by a provider of tokens that was given, before all others', async () => {
    const given = { getToken: () => Promise.resolve(null) };
    expect(await access(key, given)).toEqual({ credential: given, signature: '' });
    await expect(access(key, given, 'http://127.0.0.1:1/account')).rejects.toThrow(/over https only/);
  });

  it.each(['DefaultAzureCredential', 'managedidentitycredential'])('is by the named provider: %s', async (name) => {
    expect((await access(name)).credential).toHaveProperty('getToken');
  });

  it('is refused without any secret', async () => {
    await expect(access('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('does not show the key when it is printed', async () => {
    expect(inspect((await access(key)).credential, { depth: 0 })).not.toContain(key);
  });
});
