import { script, type Script } from './script.ts';

/**
 * Moves delayed messages whose time has come into the lists of their queue, in the order of their times. One whose key is no list
 * has to wait for a minute more, and others do not wait for it.
 *
 * KEYS: the delayed messages, the lists. ARGV: how many at most; the priority step of each list, a digit each.
 * Returns when the next one is due, in milliseconds since 1970; nothing when there is none.
 */
export const due: Script = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, message in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])) do
  local list = string.find(ARGV[2], string.sub(message, 1, 1), 1, true) or 1
  local payload = string.find(message, ':', 3, true)
  local pushed = redis.pcall('LPUSH', KEYS[list + 1], string.sub(message, payload + 1))
  if type(pushed) == 'number' then
    redis.call('ZREM', KEYS[1], message)
  elseif string.find(pushed.err, 'WRONGTYPE', 1, true) then
    redis.call('ZADD', KEYS[1], now + 60000, message)
  else
    return pushed
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return first[2]
`);
