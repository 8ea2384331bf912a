import { AnonymousCredential, StorageSharedKeyCredential } from '@azure/storage-queue';
import type { Target } from '@kombu/core/spi';
import { InvalidArgumentError, UnsupportedError } from '@kombu/core/spi';
import { credentialNames, type Account } from './account-url.ts';
import type { TokenCredential } from './client.ts';

/** How requests are signed. */
export interface Access {
  readonly credential: StorageSharedKeyCredential | AnonymousCredential | TokenCredential;
  /** A shared access signature, without `?`, for the query of every request; else empty. */
  readonly signature: string;
}

/** @throws InvalidArgumentError when the URL and the options name no secret and no provider of tokens. */
export async function accessFor(
  { password, display }: Target,
  account: Account,
  given: TokenCredential | undefined,
): Promise<Access> {
  const provider = given ?? (await namedProvider(password));
  if (provider) return withToken(provider, account, display);
  if (password === undefined || password === '') {
    throw new InvalidArgumentError(
      `${display} has no secret before its last "@": put a key, a SAS or ${credentialNames.join(' or ')} there, or set the option password or transportOptions.credential`,
    );
  }
  const signature = password.replace(/^\?/, '');
  if (new URLSearchParams(signature).has('sig')) return { credential: new AnonymousCredential(), signature };
  return { credential: new StorageSharedKeyCredential(account.name, password), signature: '' };
}

function withToken(credential: TokenCredential, { isSecure }: Account, display: string): Access {
  if (!isSecure) {
    throw new InvalidArgumentError(
      `${display}: tokens are sent over https only, so the account has to begin with https://`,
    );
  }
  return { credential, signature: '' };
}

async function namedProvider(password: string | undefined): Promise<TokenCredential | undefined> {
  const name = credentialNames.find((each) => each.toLowerCase() === password?.toLowerCase());
  if (name === undefined) return undefined;
  try {
    const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
    return name === 'DefaultAzureCredential' ? new DefaultAzureCredential() : new ManagedIdentityCredential();
  } catch (cause) {
    throw new UnsupportedError(
      `${name} comes with the package @azure/identity, which could not be loaded: npm install @azure/identity`,
      { cause },
    );
  }
}
