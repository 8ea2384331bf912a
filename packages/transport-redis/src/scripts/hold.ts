import { script, type Script } from './script.ts';

/**
 * Reads the rows of a fanout exchange that hold now.
 *
 * KEYS: the rows, by the time in milliseconds until which they hold. Returns how long until the first of them ends, in
 * milliseconds, -1 for never; then the rows.
 */
export const fanoutRows: Script = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('ZRANGE', KEYS[1], '(' .. now, '+inf', 'BYSCORE', 'WITHSCORES')
local reply = {-1}
if found[2] and found[2] ~= 'inf' then reply[1] = math.ceil(found[2] - now) end
for at = 1, #found, 2 do reply[#reply + 1] = found[at] end
return reply
`);

/**
 * Notes until when members hold.
 *
 * KEYS: a sorted set. ARGV: milliseconds from now, or nothing for ever; members.
 */
export const hold: Script = script(`
local until_ = '+inf'
if ARGV[1] ~= '' then
  local time = redis.call('TIME')
  until_ = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
end
for at = 2, #ARGV do redis.call('ZADD', KEYS[1], until_, ARGV[at]) end
`);

/**
 * Raises the time until which a member holds, by Kombu's rule for its binding tables.
 *
 * KEYS: a sorted set. ARGV: milliseconds from now; the member.
 */
export const holdLonger: Script = script(`
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'GT', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1], ARGV[2])
`);
