import type { Target, TransportContext } from '@kombu/core/spi';
import { InvalidArgumentError } from '@kombu/core/spi';
import { FanoutChannels } from './fanout-channels.ts';
import { KeyTracker } from './key-tracker.ts';
import { Keys } from './keys.ts';
import { givenOptions, meaningless, readDatabase, readOptions } from './options.ts';
import { forms } from './servers/form.ts';
import { openServers } from './servers/open-servers.ts';
import { RedisStore } from './store.ts';

/** Connects to what a target names. */
export async function openStore(target: Target, context: TransportContext): Promise<RedisStore> {
  const form = forms[target.scheme];
  if (!form) throw new InvalidArgumentError(`The redis transport does not know the scheme ${target.scheme}`);
  const options = readOptions(target);
  const database = readDatabase(target, form.kind === 'socket');
  warnOfMeaningless(target, context);
  const tracker = new KeyTracker();
  let store: RedisStore | undefined;
  const servers = await openServers(target, form, database, options, context, {
    invalidated: (keys) => tracker.invalidated(keys),
    flushed: () => void store?.bindings.bringBack(),
    published: (pattern, payload) => store?.published(pattern, payload),
  });
  store = new RedisStore({
    ...context,
    servers,
    keys: new Keys(options, form.kind === 'cluster'),
    channels: new FanoutChannels(options, database, form.kind === 'sentinel'),
    tracker,
    options,
  });
  return store;
}

function warnOfMeaningless(target: Target, { logger }: TransportContext): void {
  const given = givenOptions(target);
  for (const [name, reason] of Object.entries(meaningless)) {
    if (given[name] !== undefined) logger.warn(`The option ${name} has no effect: ${reason}`);
  }
}
