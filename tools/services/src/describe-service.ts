import { findPrivateService, findService, type Found, type StartPrivate } from './find-service.ts';
import type { ServerOf, ServiceName } from './registry.ts';

/** What this needs of jest's globals. */
interface Jest {
  readonly describe: (title: string, body: () => void) => void;
  readonly it: { readonly skip: (title: string, body: () => void) => void };
}

/**
 * A `describe` for tests that need the shared server of this name; at the top level of a test file, with `await`. When the
 * server cannot be had, it holds one skipped test instead, which tells the reason.
 */
export async function describeService<N extends ServiceName>(
  name: N,
  title: string,
  body: (server: ServerOf<N>) => void,
): Promise<void> {
  declare(title, await findService(name), body);
}

/** Like {@link describeService}, for tests that stop, pause or kill servers: they start private ones, and close them. */
export async function describePrivateService<N extends ServiceName>(
  name: N,
  title: string,
  body: (start: StartPrivate<N>) => void,
): Promise<void> {
  declare(title, await findPrivateService(name), body);
}

function declare<T>(title: string, found: Found<T>, body: (server: T) => void): void {
  const { describe, it } = globalThis as unknown as Jest;
  describe(title, () => {
    if (found.reason === undefined) body(found.server);
    else it.skip(`needs a server. ${found.reason.split('\n')[0]}`, () => {});
  });
}
