import { script, type Script } from './script.ts';

/**
 * Forgets claims for good.
 *
 * KEYS: `unacked`, `unacked_index`. ARGV: claims. Returns the places, from 0, of those that were lost before.
 */
export const settle: Script = script(`
local scores = redis.call('ZMSCORE', KEYS[2], unpack(ARGV))
local lost = {}
for place = 1, #ARGV do
  if not scores[place] then lost[#lost + 1] = place - 1 end
end
redis.call('ZREM', KEYS[2], unpack(ARGV))
redis.call('HDEL', KEYS[1], unpack(ARGV))
return lost
`);
