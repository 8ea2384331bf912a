import { script, type Script } from './script.ts';

/**
 * Puts messages whose lease is over back into lists, all of them into each. A claim whose score is another one by now was
 * renewed, settled or restored by somebody else, and is left alone.
 *
 * KEYS: `unacked`, `unacked_index`, lists. ARGV: claim, score and text by turns; a claim with an empty text is only
 * forgotten. Returns how many were restored.
 */
export const restore: Script = script(`
local count = 0
-- A key that is no list fails here, before anything is removed.
for list = 3, #KEYS do redis.call('LLEN', KEYS[list]) end
for at = 1, #ARGV, 3 do
  if redis.call('ZSCORE', KEYS[2], ARGV[at]) == ARGV[at + 1] then
    redis.call('ZREM', KEYS[2], ARGV[at])
    redis.call('HDEL', KEYS[1], ARGV[at])
    if ARGV[at + 2] ~= '' then
      for list = 3, #KEYS do redis.call('RPUSH', KEYS[list], ARGV[at + 2]) end
      count = count + 1
    end
  end
end
return count
`);
