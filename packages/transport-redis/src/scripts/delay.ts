import { script, type Script } from './script.ts';

/**
 * Hides messages for a while.
 *
 * KEYS: the delayed messages of the queue. ARGV: milliseconds and message by turns.
 */
export const delay: Script = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for at = 1, #ARGV, 2 do redis.call('ZADD', KEYS[1], now + ARGV[at], ARGV[at + 1]) end
`);
