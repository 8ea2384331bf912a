import { script, type Script } from './script.ts';

/** Counts the messages of lists. KEYS: the lists. */
export const size: Script = script(`
local count = 0
for _, list in ipairs(KEYS) do count = count + redis.call('LLEN', list) end
return count
`);
