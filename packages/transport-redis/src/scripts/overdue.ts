import { script, type Script } from './script.ts';

/**
 * Reads members whose time is over, and gives them some more, so that one process alone removes them, and another one if that
 * process dies over it.
 *
 * KEYS: a sorted set, by times in milliseconds. ARGV: how many at most; milliseconds.
 */
export const overdue: Script = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local members = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
for _, member in ipairs(members) do redis.call('ZADD', KEYS[1], now + ARGV[2], member) end
return members
`);
