import { Connection, Queue } from '@kombu/core';
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  StorageSharedKeyCredential,
  generateAccountSASQueryParameters,
} from '@azure/storage-queue';
import { describeService } from '@kombu/services';
import { parseAccountUrl } from '../src/account-url.ts';
import { azureStorageQueueTransport } from '../src/index.ts';
import { newPrefix } from './support/stores.ts';

async function passOn(given: string, options: object = {}): Promise<unknown> {
  const transportOptions = { queueNamePrefix: newPrefix(), ...options };
  await using connection = new Connection(given, { transport: azureStorageQueueTransport, transportOptions });
  const queue = new Queue<string>('queue');
  await connection.producer().publish('hello', { routingKey: queue.name, declare: [queue] });
  const message = await queue.get(connection);
  await message?.ack();
  await queue.delete(connection);
  return message?.payload;
}

await describeService('azure-storage-queue', 'access', ({ url, variants }) => {
  const secure = variants['tls'] ?? '';

  function signature(permissions: string): string {
    const { password = '' } = parseAccountUrl(url);
    return generateAccountSASQueryParameters(
      {
        expiresOn: new Date(Date.now() + 3_600_000),
        permissions: AccountSASPermissions.parse(permissions),
        services: 'q',
        resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
      },
      new StorageSharedKeyCredential('devstoreaccount1', password),
    ).toString();
  }

  const withSecret = (secret: string, at = url): string =>
    `azurestoragequeues://${secret}${at.slice(at.lastIndexOf('@'))}`;

  it('by key, over TLS', async () => {
    expect(await passOn(secure)).toBe('hello');
  });

  it('by a shared access signature', async () => {
    expect(await passOn(withSecret(signature('rwdlacup')))).toBe('hello');
  });

  it('by tokens of a provider, which is asked for the scope of storage', async () => {
    const asked: unknown[] = [];
    const credential = {
      getToken: (scopes: unknown) => {
        asked.push(scopes);
        const now = Math.floor(Date.now() / 1000);
        return Promise.resolve({ token: tokenOf(now), expiresOnTimestamp: (now + 3600) * 1000 });
      },
    };
    expect(await passOn(withSecret('', secure), { credential })).toBe('hello');
    expect(asked).toEqual([['https://storage.azure.com/.default']]);
  });

  it('is refused without showing the key', async () => {
    const wrong = Buffer.from('another key').toString('base64');
    const connection = new Connection(withSecret(wrong), { transport: azureStorageQueueTransport });
    const error: unknown = await connection.connect().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ACCESS_REFUSED' });
    expect(String(error)).not.toContain(wrong);
    await connection.close();
  });
});

/** Azurite looks at the claims of a token and not at its signature. */
function tokenOf(now: number): string {
  const issuer = {
    aud: 'https://storage.azure.com',
    iss: 'https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/',
  };
  const claims = { ...issuer, iat: now, nbf: now, exp: now + 3600 };
  return `${part({ typ: 'JWT', alg: 'RS256' })}.${part(claims)}.c2ln`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
