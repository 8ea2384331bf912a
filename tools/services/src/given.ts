import type { Server } from './server.ts';
import type { Service } from './service.ts';

/** The server that the environment names for a service; undefined when it names none. */
export function givenServer<S extends Server>(service: Service<S>): S | undefined {
  const url = process.env[service.variable];
  if (url === undefined || url === '') return undefined;
  const variants = service.variants.flatMap((variant) => {
    const value = process.env[variantVariable(service, variant)];
    return value === undefined || value === '' ? [] : [[variant, value] as const];
  });
  return service.open({
    service,
    url,
    variants: Object.fromEntries(variants),
    description: `the server that ${service.variable} names`,
    instance: undefined,
    exclusive: (work) => work(),
    close: async () => {},
  });
}

/** `KOMBU_TEST_REDIS_TLS_URL` for the variant `tls` of redis. */
export function variantVariable(service: Service, variant: string): string {
  return service.variable.replace(/_URL$/, `_${variant.toUpperCase()}_URL`);
}
