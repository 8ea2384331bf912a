import { script, type Script } from './script.ts';

/**
 * Ends claims: each message goes to the end of its list where messages are taken, or among the delayed ones.
 *
 * KEYS: `unacked`, `unacked_index`, the delayed messages of the queue, its lists.
 * ARGV: milliseconds to hide them; then for each message its claim, the place of its list from 1, and its text; one that is
 * empty belongs to a claim whose record cannot be read, and it is left alone. Delayed texts begin with what is kept beside them. Returns the places, from 0, of those
 * that were lost before.
 */
export const release: Script = script(`
local delay = tonumber(ARGV[1])
local time = redis.call('TIME')
local due = time[1] * 1000 + math.floor(time[2] / 1000) + delay
local lost = {}
-- A key that is no list fails here, before anything is removed.
for list = 4, #KEYS do redis.call('LLEN', KEYS[list]) end
for at = 2, #ARGV, 3 do
  local held = ARGV[at + 2] ~= '' and redis.call('ZREM', KEYS[2], ARGV[at]) == 1
  if held then redis.call('HDEL', KEYS[1], ARGV[at]) end
  if not held then
    lost[#lost + 1] = (at - 2) / 3
  elseif delay > 0 then
    redis.call('ZADD', KEYS[3], due, ARGV[at + 2])
  else
    redis.call('RPUSH', KEYS[3 + ARGV[at + 1]], ARGV[at + 2])
  end
end
return lost
`);
