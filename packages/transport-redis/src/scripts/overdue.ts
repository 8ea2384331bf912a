import { script, type Script } from './script.ts';

/**
 * Reads members whose time is over.
 *
 * KEYS: a sorted set, by times in milliseconds. ARGV: how many at most.
 */
export const overdue: Script = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
`);
