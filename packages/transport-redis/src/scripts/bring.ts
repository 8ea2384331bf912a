import { script, type Script } from './script.ts';

/**
 * Puts a message that was broadcast into a list, unless that was done before.
 *
 * KEYS: what says that it was done; the list. ARGV: how long to remember it, in milliseconds; the payload. Returns 1 when it
 * was put.
 */
export const bring: Script = script(`
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[2])
return 1
`);
