import { script, type Script } from './script.ts';

/**
 * Extends the leases of claims to a full lease from now.
 *
 * KEYS: `unacked_index`. ARGV: seconds to add to the time for the score; claims. Returns the places, from 0, of those that
 * were lost before.
 */
export const renew: Script = script(`
local time = redis.call('TIME')
local score = string.format('%.6f', time[1] + time[2] / 1000000 + ARGV[1])
local current = redis.call('ZMSCORE', KEYS[1], unpack(ARGV, 2))
local lost, scores = {}, {}
for place = 2, #ARGV do
  if current[place - 1] then
    -- Once a script has removed something, it may also write while the memory is full.
    redis.call('ZREM', KEYS[1], ARGV[place])
    scores[#scores + 1] = score
    scores[#scores + 1] = ARGV[place]
  else
    lost[#lost + 1] = place - 2
  end
end
if #scores > 0 then redis.call('ZADD', KEYS[1], unpack(scores)) end
return lost
`);
