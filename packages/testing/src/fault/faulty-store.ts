import type { QueueStore } from '@kombu/core/spi';

import type { FaultOptions, FaultRule } from './fault-script.ts';
import { FaultScript } from './fault-script.ts';
import { intercept } from './intercept.ts';

const storeMethods = [
  'put',
  'get',
  'ack',
  'size',
  'purge',
  'delete',
  'close',
  'declare',
  'exists',
  'release',
  'renew',
  'broadcast',
] as const;
const bindingMethods = ['add', 'remove', 'list', 'removeQueue'] as const;

/** The methods of a store that faults can strike. */
export type StoreMethod = (typeof storeMethods)[number] | `bindings.${(typeof bindingMethods)[number]}`;

/** A rule for {@link faultyStore}. */
export type StoreFaultRule = FaultRule<StoreMethod>;

/**
 * The store with faults injected by rules, for example
 * `faultyStore(store, [{ method: 'ack', fault: failAfter(), skip: 2, times: 1 }])`. The rules are read on each call, so that
 * a test may add and remove some as it goes. Everything else is the store's own, and what it lacks is lacking here.
 */
export function faultyStore<R>(
  store: QueueStore<R>,
  rules: readonly StoreFaultRule[],
  options: FaultOptions = {},
): QueueStore<R> {
  const script = new FaultScript(rules, options);
  const { bindings } = store;
  const faultyBindings =
    bindings && intercept(bindings, bindingMethods, (method, ...call) => script.run(`bindings.${method}`, ...call));
  return intercept(
    store,
    storeMethods,
    (method, ...call) => script.run(method, ...call),
    faultyBindings && { bindings: faultyBindings },
  );
}
