import { script, type Script } from './script.ts';

/** Removes lists. KEYS: the lists. Returns how many messages they held. */
export const purge: Script = script(`
local count = 0
for _, list in ipairs(KEYS) do count = count + redis.call('LLEN', list) end
redis.call('UNLINK', unpack(KEYS))
return count
`);
