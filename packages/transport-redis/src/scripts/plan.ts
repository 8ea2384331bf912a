import { script, type Script } from './script.ts';

/**
 * Notes that a queue has a delayed message, unless an earlier time is noted already.
 *
 * KEYS: the plan. ARGV: milliseconds from now; the queue.
 */
export const plan: Script = script(`
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'LT', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1], ARGV[2])
`);

/**
 * Reads which queues have a message that is due, and how long it takes until the next one is.
 *
 * KEYS: the plan. ARGV: how many queues at most. Returns milliseconds, -1 when nothing is planned; then the queues.
 */
export const planned: Script = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reply = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
local later = redis.call('ZRANGE', KEYS[1], '(' .. now, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
table.insert(reply, 1, later[2] and math.ceil(later[2] - now) or -1)
return reply
`);
