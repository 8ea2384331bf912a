import { errorMessage, ServiceUnavailableError } from './parts/errors.ts';
import { serviceNamed, type ServerOf, type ServiceName } from './registry.ts';
import { privateService, service } from './up.ts';

/** What {@link findService} found: a server, or why there is none. */
export type Found<T> =
  | { readonly server: T; readonly reason: undefined }
  | { readonly server: undefined; readonly reason: string };

/**
 * Like {@link service}, but a server that cannot be had on this machine is an answer with the reason, so that the tests that
 * need it can be skipped. Not when `KOMBU_REQUIRE_SERVICES` is `all` or a list with this name: then it throws.
 */
export function findService<N extends ServiceName>(name: N): Promise<Found<ServerOf<N>>> {
  return find(name, () => service(name));
}

/** Starts a private server, see {@link privateService}. */
export type StartPrivate<N extends ServiceName> = (config?: Readonly<Record<string, string>>) => Promise<ServerOf<N>>;

/** Like {@link findService} for private servers: starts none, but makes sure that it can. */
export function findPrivateService<N extends ServiceName>(name: N): Promise<Found<StartPrivate<N>>> {
  return find(name, async () => {
    await serviceNamed(name).provide();
    return (config) => privateService(name, config);
  });
}

async function find<T>(name: ServiceName, get: () => Promise<T>): Promise<Found<T>> {
  try {
    return { server: await get(), reason: undefined };
  } catch (error) {
    if (!(error instanceof ServiceUnavailableError) || isRequired(name)) throw error;
    return { server: undefined, reason: errorMessage(error) };
  }
}

function isRequired(name: ServiceName): boolean {
  const required = (process.env['KOMBU_REQUIRE_SERVICES'] ?? '').split(',').map((each) => each.trim());
  return required.includes('all') || required.includes(name);
}
